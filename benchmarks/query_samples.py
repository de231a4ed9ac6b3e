"""Synthetic candidates for the benchmark of queries: the same for the same seed, whole or in part.

They are as uneven as real ones: a few large campaigns and many small ones, one of them still
running, common and rare elements, chemical systems with thousands of crystals and with one, a
common potential and a rare one, a long tail of distances to the hull.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from db.documents import CandidateDoc, Origin, candidate_id
from db.documents.candidate import element_sets
from db.documents.composition import composition_fields

if TYPE_CHECKING:
    from collections.abc import Iterator

NUM_CAMPAIGNS = 40
RUNNING = 3
"""The campaign, counted from the largest, whose crystals mostly wait."""

SYMBOLS = (  # noqa: SIM905 (a list literal would take a line for each)
    "O F S Cl N H P Se Si C Br I Te Li Na K Rb Cs Mg Ca Sr Ba Al Ga In Tl Ti Zr Hf V Nb Ta Cr Mo "
    "W Mn Fe Co Ni Cu Zn Ag Cd Au Hg Pd Pt Rh Ir Ru Os Re Tc Sc Y La Ce Pr Nd Sm Eu Gd Tb Dy Ho "
    "Er Tm Yb Lu Ge Sn Pb As Sb Bi B Be Th U Pu Np Pa Xe Ac Pm Kr"
).split()
FINGERPRINTS = tuple(f"{value:064x}" for value in (0x1F2E3D << 200, 0xA1B2C3 << 210, 0x77 << 230))
ENDS = ("converged", "max_steps", "diverged", "failed", "unsupported", "stopped_early")
END_SHARES = (0.9, 0.05, 0.015, 0.002, 0.003, 0.03)
ELEMENT_COUNTS = (1, 2, 3, 4, 5, 6, 7)
ELEMENT_COUNT_SHARES = (0.006, 0.12, 0.49, 0.28, 0.09, 0.013, 0.001)
REFERENCES, REJECTED, WAITING, UNPLACED, COPIES = 0.01, 0.005, 0.7, 0.004, 0.98
"""Shares of reference phases, of unreadable inputs, of what waits in the running campaign, of
compositions without a reference; above the last of them, duplicates."""
WITHOUT_ENERGY = frozenset({"failed", "unsupported"})
MOST_SYSTEMS = 150_000
BLOCK = 10_000
ON_THE_LIST = 0.05
"""eV/atom; a converged candidate this close to the hull is flagged."""

WHY = (
    "It lies {mev:.1f} meV/atom above the hull of the supplied phases, within the limit of "
    "50 meV/atom, and no other candidate relaxed to the same crystal with a lower energy."
)
WHY_NOT = (
    "It lies {mev:.1f} meV/atom above the hull of the supplied phases, and the rule flags up to "
    "50 meV/atom; it would fall apart into {rivals}."
)
NO_DISTANCE = "Its relaxation ended otherwise than at rest, so that its energy is not used."


class Samples:
    """The candidates of one benchmark.

    Args:
        num_candidates: How many there are.
        seed: Decides all of them.
    """

    def __init__(self, num_candidates: int, seed: int = 6) -> None:
        self.num_candidates = num_candidates
        self.seed = seed
        rng = np.random.default_rng(seed)
        self.campaigns = [f"campaign-{rng.bytes(8).hex()}" for _ in range(NUM_CAMPAIGNS)]
        self._campaign_shares = _zipf(NUM_CAMPAIGNS, 1.0)
        self._potentials = rng.choice(3, size=NUM_CAMPAIGNS, p=(0.7, 0.28, 0.02))
        self._potentials[0], self._potentials[-1] = 0, 2
        weights = _zipf(len(SYMBOLS), 0.8)
        self._num_systems = min(MOST_SYSTEMS, 1_000 + num_candidates // 6)
        sizes = rng.choice(ELEMENT_COUNTS, size=self._num_systems, p=ELEMENT_COUNT_SHARES)
        self._systems = [
            tuple(sorted(rng.choice(SYMBOLS, size=size, replace=False, p=weights).tolist()))
            for size in sizes
        ]
        self._system_shares = _zipf(self._num_systems, 0.6)
        self._space_groups = rng.permutation(np.arange(1, 231))
        self._space_group_shares = _zipf(230, 1.0)
        self._ranks = dict.fromkeys(self.campaigns, 0)
        self._template = CandidateDoc(
            campaign_id="campaign",
            material_id="m",
            origin=Origin(file="candidates.extxyz", index=0),
        ).to_mongo()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield the candidates as they are stored."""
        for start in range(0, self.num_candidates, BLOCK):
            yield from self._block(start, min(start + BLOCK, self.num_candidates))

    def _block(self, start: int, stop: int) -> Iterator[dict[str, Any]]:
        rng = np.random.default_rng((self.seed, start))
        size = stop - start
        columns = (
            rng.choice(NUM_CAMPAIGNS, size=size, p=self._campaign_shares).tolist(),
            rng.choice(self._num_systems, size=size, p=self._system_shares).tolist(),
            rng.choice(len(ENDS), size=size, p=END_SHARES).tolist(),
            rng.choice(230, size=size, p=self._space_group_shares).tolist(),
            np.clip(rng.lognormal(2.6, 0.8, size=size), 1, 300).astype(int).tolist(),
            (rng.gamma(1.1, 0.22, size=size) - 0.04).tolist(),
            rng.random((size, 6)).tolist(),
        )
        for index, row in enumerate(zip(*columns, strict=True), start=start):
            yield self._candidate(index, *row)

    def _candidate(  # noqa: PLR0913, PLR0917 (one argument for each drawn column)
        self,
        index: int,
        campaign: int,
        system: int,
        end: int,
        group: int,
        nsites: int,
        above_hull: float,
        dice: list[float],
    ) -> dict[str, Any]:
        elements = self._systems[system]
        nsites = max(nsites, len(elements))
        name = f"candidate-{index:07d}"
        campaign_id = self.campaigns[campaign]
        document = self._template | {
            "_id": candidate_id(campaign_id, name),
            "campaign_id": campaign_id,
            "material_id": name,
            "role": "reference" if dice[0] < REFERENCES else "candidate",
            "origin": {"file": f"batch-{index // 5000}.extxyz", "index": index % 5000},
        }
        if dice[1] < REJECTED:
            return document | {
                "status": "rejected_input",
                "rejection": "Two atoms lie on one place; mend the file.",
                "structure_id": None,
            }
        document |= {
            "structure_id": f"{index:064x}",
            "formula_pretty": (formula := _formula(elements, dice[2])),
            **composition_fields(formula),
            "chemsys": "-".join(elements),
            "elements": list(elements),
            "element_sets": element_sets(elements),
            "nelements": len(elements),
            "nsites": nsites,
        }
        if campaign == RUNNING and dice[3] < WAITING:
            return document
        document |= self._relaxed(campaign, end, group, dice) | {"relaxation_id": f"{index:063x}f"}
        is_judged = document["role"] == "candidate" and campaign != RUNNING
        return document | (self._judged(document, above_hull, dice) if is_judged else {})

    def _relaxed(self, campaign: int, end: int, group: int, dice: list[float]) -> dict[str, Any]:
        return {
            "status": "relaxed",
            "potential_fingerprint": FINGERPRINTS[self._potentials[campaign]],
            "stop_reason": ENDS[end],
            "num_steps": int(10 + 190 * dice[4]),
            "fmax": 0.05 * dice[4],
            "smax": 0.1 * dice[5],
            "space_group_number": int(self._space_groups[group]),
            "energy_per_atom": -9.0 * dice[5],
        }

    def _judged(
        self, document: dict[str, Any], above_hull: float, dice: list[float]
    ) -> dict[str, Any]:
        known: dict[str, Any] = {"status": "screened", "rule_id": "rule-0123456789abcdef"}
        end = document["stop_reason"]
        if end in WITHOUT_ENERGY or dice[3] < UNPLACED:
            verdict = "no_reference" if end == "converged" else "not_converged"
            return known | {"is_flagged": False, "verdict": verdict, "reasons": [NO_DISTANCE]}
        is_copy = dice[3] > COPIES
        if end != "converged":
            above_hull += 0.3
            verdict = "not_converged"
        elif above_hull > ON_THE_LIST:
            verdict = "rejected"
        else:
            verdict = "duplicate" if is_copy else "flagged"
        is_flagged = verdict == "flagged"
        rivals = [f"{each}O2" for each in document["elements"]]
        known |= {
            "corrected_energy": document["energy_per_atom"] * document["nsites"],
            "adjustments": [{"name": "MP2020 anion correction (oxide)", "value": -0.687}],
            "formation_energy_per_atom": -3.0 * dice[2] + 0.2,
            "energy_above_hull": above_hull,
            "is_stable": above_hull <= 0,
            "decomposes_to": [
                {"material_id": f"mp-{place}", "formula": rival, "amount": 1 / len(rivals)}
                for place, rival in enumerate(rivals)
            ],
            "duplicate_of": "candidate-0000001" if is_copy else None,
            "is_flagged": is_flagged,
            "verdict": verdict,
            "reasons": [
                (WHY if is_flagged else WHY_NOT).format(
                    mev=1000 * above_hull, rivals=" and ".join(rivals)
                )
            ],
        }
        if is_flagged:
            self._ranks[document["campaign_id"]] += 1
            known["rank"] = self._ranks[document["campaign_id"]]
        return known


def _zipf(size: int, exponent: float) -> np.ndarray:
    """Shares that fall as a power of the place."""
    weights = 1.0 / np.arange(1, size + 1) ** exponent
    return weights / weights.sum()


def _formula(elements: tuple[str, ...], die: float) -> str:
    """One of 27 or so compositions, small amounts first."""
    amounts = []
    for _ in elements:
        die = die * die * 4.999
        amounts.append(1 + int(die))
        die %= 1.0
    return "".join(f"{e}{n if n > 1 else ''}" for e, n in zip(elements, amounts, strict=True))
