# %% [markdown]
"""# Explore a campaign.

Opens the campaign that was saved last. `Campaign.open("ID")` opens another, and
`Campaign.list()` shows which there are.
"""

# %%
from workflows import Campaign

campaign = Campaign.open()
print(campaign)

# %% [markdown]
# How far it is, by which rule it was judged, and what came of it.

# %%
status = campaign.status()
print("relaxations:", status["tasks"])
print("flagged up to", campaign.rule.max_energy_above_hull, "eV/atom above the hull")
print("flagged:", campaign.summary["flagged"])

# %% [markdown]
# The short list as a table of pandas, one row for each candidate, energies in eV/atom. Nothing is
# read before it is asked for.

# %%
flagged = campaign.candidates(flagged=True)
table = flagged.to_pandas()
print(table[["rank", "formula_pretty", "energy_above_hull", "verdict"]].head(10))

# %% [markdown]
# Any condition of `facet query` narrows it down, by name.

# %%
near = campaign.candidates(max_energy_above_hull=0.1, max_nsites=20, sort="energy_above_hull")
print(near)
print(near.to_pandas()["energy_above_hull"].describe())

# %% [markdown]
# The relaxed crystals come as pymatgen structures; each carries its row in `properties`.

# %%
for structure in campaign.candidates(flagged=True, limit=3).structures():
    name = structure.properties["material_id"]
    print(name, structure.composition.reduced_formula, f"{structure.volume:.1f} A^3")

# %% [markdown]
# The hull of one chemical system, with the candidates in it. `PDPlotter(diagram).show()` draws it.

# %%
best = next(iter(flagged), None)
if best is not None and best.chemsys is not None:
    diagram = campaign.hull(best.chemsys)
    print(diagram)
    for entry in diagram.all_entries:
        if entry.attribute and entry.attribute["is_candidate"]:
            above = diagram.get_e_above_hull(entry)
            print(entry.name, f"{1000 * above:.0f} meV/atom above the hull of all")

# %%
campaign.close()
