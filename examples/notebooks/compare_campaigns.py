# %% [markdown]
"""# Compare two campaigns.

Takes the two campaigns that were saved last, such as the same candidates with two rules, two
settings or two potentials, and asks where they disagree.
"""

# %%
from workflows import Campaign

campaigns = Campaign.list(limit=2)
later, earlier = campaigns[0], campaigns[-1]
print(earlier)
print(later)

# %% [markdown]
# Candidates of the same name lie beside each other; those of one campaign only have no number in
# the other.

# %%
columns = ["energy_above_hull", "num_steps", "is_flagged"]
tables = [each.candidates().to_pandas()[columns] for each in (earlier, later)]
both = tables[0].add_suffix("_earlier").join(tables[1].add_suffix("_later"), how="outer")
print(both)

# %%
both["change"] = both["energy_above_hull_later"] - both["energy_above_hull_earlier"]
print("largest change of the distance to the hull, eV/atom:", both["change"].abs().max())
decided = both.dropna(subset=["is_flagged_earlier", "is_flagged_later"])
flips = decided[decided["is_flagged_earlier"] != decided["is_flagged_later"]]
print(f"{len(flips)} of {len(decided)} candidates are judged otherwise")
print(flips)

# %% [markdown]
# What each of them cost; what was known before a campaign asked is nobody's expense.

# %%
for campaign in {each.campaign_id: each for each in (earlier, later)}.values():
    spent = campaign.account()
    print(campaign.campaign_id, spent["num_structures"], "crystals,",
          f"{3600 * spent['device_hours']:.1f} device-seconds")  # fmt: skip
