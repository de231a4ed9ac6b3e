"""Questions for the benchmark of queries: every pair that is kept fast, and values to ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from query_samples import ENDS, FINGERPRINTS, RUNNING

from db.candidate_pairs import EVERYWHERE, IN_A_CAMPAIGN, NOTHING
from db.filters import CandidateFilter, CandidateSort
from db.queries import candidates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np
    from query_samples import Samples

    from db.client import MongoDatabase
    from db.documents import CandidateDoc

VERDICTS = ("flagged", "rejected", "not_converged", "no_reference", "duplicate")
STATUSES = ("rejected_input", "pending", "relaxed", "screened")
HULL_LIMITS = (-0.03, 0.0, 0.02, 0.05, 0.1, 0.5)
SPACE_GROUPS = 230
SHARE_OF_LARGEST = 0.3
SHARE_OF_RUNNING = 0.2


class Pair(NamedTuple):
    """One condition and one order, in a campaign or in all."""

    condition: str
    sort: CandidateSort
    is_in_a_campaign: bool

    @property
    def label(self) -> str:
        """What a table calls it."""
        scope = "campaign" if self.is_in_a_campaign else "everywhere"
        arrow = "down" if self.sort.is_descending else "up"
        return f"{scope}, {self.condition or 'nothing'}, {self.sort.field} {arrow}"


def pairs() -> Iterator[Pair]:
    """Yield every pair that is kept fast."""
    for declared, is_in_a_campaign in ((EVERYWHERE, False), (IN_A_CAMPAIGN, True)):
        for field, asked in declared.items():
            for condition in sorted(asked):
                for is_descending in (False, True):
                    sort = CandidateSort.model_validate(
                        {"field": field, "is_descending": is_descending}
                    )
                    yield Pair(condition, sort, is_in_a_campaign)


class Draws:
    """Values to ask for, common ones and rare ones.

    Args:
        samples: The candidates that are stored.
        database: Where they are.
        rng: Decides the values.
    """

    def __init__(self, samples: Samples, database: MongoDatabase, rng: np.random.Generator) -> None:
        self._samples = samples
        self._database = database
        self._rng = rng

    def filter_for(self, pair: Pair) -> CandidateFilter:
        """Return conditions with new values."""
        stored = self._stored()
        asked = DRAWN[pair.condition](stored, self._stored(), self._rng)
        if pair.is_in_a_campaign:
            asked = {"role": "candidate"} | asked | {"campaign_id": self._campaign(stored)}
        return CandidateFilter(**asked)

    def _campaign(self, stored: CandidateDoc) -> str:
        """The largest, the one that is running, or that of a candidate."""
        names = self._samples.campaigns
        die = self._rng.random()
        if die < SHARE_OF_LARGEST:
            return names[0]
        return names[RUNNING] if die < SHARE_OF_LARGEST + SHARE_OF_RUNNING else stored.campaign_id

    def _stored(self) -> CandidateDoc:
        """A candidate with elements."""
        while True:
            index = self._rng.integers(self._samples.num_candidates)
            named = CandidateFilter(material_id=f"candidate-{index:07d}")
            for found in candidates(self._database, named, limit=1):
                if found.elements:
                    return found


def _some(elements: tuple[str, ...], rng: np.random.Generator) -> list[str]:
    """One to three of some elements."""
    count = min(len(elements), int(rng.integers(1, 4)))
    return [str(each) for each in rng.choice(elements, size=count, replace=False)]


def _sizes(rng: np.random.Generator) -> dict[str, Any]:
    """A range of sizes, of which the large ones are rare."""
    fewest = int(2 * 60 ** rng.random())
    return {"min_nsites": fewest, "max_nsites": fewest + fewest // 4}


def _distances(rng: np.random.Generator) -> dict[str, Any]:
    """A limit, or a window."""
    limit = float(rng.choice(HULL_LIMITS))
    window = {"min_energy_above_hull": limit, "max_energy_above_hull": limit + 0.02}
    return {"max_energy_above_hull": limit} if rng.integers(2) else window


DRAWN: dict[str, Callable[[CandidateDoc, CandidateDoc, np.random.Generator], dict[str, Any]]] = {
    NOTHING: lambda *_: {},
    "material_id": lambda one, *_: {"material_id": one.material_id},
    "formula": lambda one, *_: {"formula": one.formula_pretty},
    "chemsys": lambda one, *_: {"chemsys": one.chemsys},
    "elements_all": lambda one, _, rng: {"elements_all": _some(one.elements, rng)},
    "elements_any": lambda one, two, _: {"elements_any": [one.elements[0], two.elements[0]]},
    "elements_none": lambda one, _, rng: {"elements_none": _some(one.elements, rng)},
    "nsites": lambda *drawn: _sizes(drawn[2]),
    "space_group_number": lambda *drawn: {
        "space_group_number": int(drawn[2].integers(1, SPACE_GROUPS + 1))
    },
    "energy_above_hull": lambda *drawn: _distances(drawn[2]),
    "potential_fingerprint": lambda one, *_: {
        "potential_fingerprint": one.potential_fingerprint or FINGERPRINTS[0]
    },
    "stop_reason": lambda *drawn: {"stop_reason": str(drawn[2].choice(ENDS))},
    "verdict": lambda *drawn: {"verdict": str(drawn[2].choice(VERDICTS))},
    "status": lambda *drawn: {"status": str(drawn[2].choice(STATUSES))},
    "role": lambda *_: {"role": "reference"},
    "is_flagged": lambda *_: {"is_flagged": True},
}
