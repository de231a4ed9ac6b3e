# %% [markdown]
"""# Plan a campaign, then run it.

Everything that the command line does can be done from Python. This script makes a handful of
crystals, asks what screening them will take, screens them, and prints what it cost.
"""

# %%
import json
import tempfile
from pathlib import Path

from pymatgen.core import Lattice, Structure

from facet import RelaxSettings
from screening.rules import FlagRule
from workflows import Campaign
from workflows.plan.planning import make_plan
from workflows.plan.request import PlanRequest
from workflows.settings import CampaignSettings

folder = Path(tempfile.mkdtemp())


def alloy(first: str, second: str, edge: float) -> Structure:
    """Return an alloy of the CsCl structure, edge of its cube in angstrom."""
    return Structure(Lattice.cubic(edge), [first, second], [[0, 0, 0], [0.5] * 3])


def metal(symbol: str, edge: float) -> Structure:
    """Return a face-centered cubic metal, edge of its cube in angstrom."""
    cube = Lattice.cubic(edge)
    return Structure.from_spacegroup("Fm-3m", cube, [symbol], [[0, 0, 0]]).get_primitive_structure()


def write(name: str, crystals: dict[str, Structure]) -> Path:
    """Write named crystals as JSON lines."""
    rows = [{"material_id": key, "structure": each.as_dict()} for key, each in crystals.items()]
    path = folder / name
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


# %% [markdown]
# The candidates start with cells that are a little too large; one is there twice.

# %%
candidates = write(
    "candidates.jsonl",
    {
        "CuAu": alloy("Cu", "Au", 3.2),
        "CuAu-again": alloy("Cu", "Au", 3.2),
        "CuAg": alloy("Cu", "Ag", 3.2),
        "AgAu": alloy("Ag", "Au", 3.3),
    },
)
metals = {"Cu": 3.6, "Ag": 4.1, "Au": 4.1}
reference = write("metals.jsonl", {name: metal(name, edge) for name, edge in metals.items()})

# %%
settings = RelaxSettings(max_steps=100)
plan = make_plan(PlanRequest(candidates=(candidates,), reference=reference, relax=settings))
print("duplicates:", plan["input"]["num_duplicates"])
print("to relax:", plan["input"]["num_to_relax"])
if plan["forecast"]:
    seconds = plan["forecast"]["relaxing_seconds_one_device"]
    print(f"relaxing: {seconds['expected']:.1f} s ({seconds['low']:.1f} to {seconds['high']:.1f})")

# %%
campaign = Campaign.screen(
    CampaignSettings(
        candidates=(candidates,),
        reference=reference,
        relax=settings,
        rule=FlagRule(max_energy_above_hull=0.05),
    )
)
print(campaign)
print(campaign.candidates(sort="energy_above_hull").to_pandas()["energy_above_hull"])

# %%
spent = campaign.account()
print(f"{spent['num_structures']} crystals took {3600 * spent['device_hours']:.1f} device-seconds")
campaign.close()
