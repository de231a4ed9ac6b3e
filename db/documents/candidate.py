"""A crystal's place in one campaign: where it came from, what was learned, and the verdict."""

from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Any, ClassVar, Literal, Self

from pydantic import Field

from db.documents.base import BaseDoc
from db.documents.composition import COMPOSITION_FIELDS, composition_fields
from db.documents.fields import (
    CandidateRole,
    CandidateStatus,
    ContentKey,
    ElementSymbol,
    Finite,
    JsonObject,
    Part,
    StopReasonName,
    Text,
    UtcTime,
)

HullNameText = Literal["dft", "own", "self"]
GateStatusName = Literal["passed", "failed", "warning", "skipped", "not_reached"]
BudgetRole = Literal["chosen", "drawn", "left"]

ELEMENT_SETS = "element_sets"
LARGEST_SET = 3
"""Stored beside the fields: each element and each pair, so that a rare pair is found at once."""

DERIVED = frozenset({ELEMENT_SETS, *COMPOSITION_FIELDS})


class Origin(Part):
    """Where a candidate was read from."""

    file: Text = Field(description="File as the user named it.")
    index: int = Field(ge=0, description="Position within the file, from 0.")


class Decomposition(Part):
    """One of the phases that a candidate would fall apart into."""

    material_id: Text = Field(description="Id of the competing phase.")
    formula: Text = Field(description="Reduced formula of the competing phase.")
    amount: float = Field(description="Fraction of the candidate's atoms in this phase.")


class Adjustment(Part):
    """One energy correction."""

    name: Text = Field(description="Name of the correction.")
    value: float = Field(description="Energy added, in eV for the whole cell.")


class HullPlace(Part):
    """Where a candidate lies on one hull, or why it has no place there."""

    energy_above_hull: Finite = Field(default=None, description="Signed distance in eV/atom.")
    decomposes_to: tuple[Decomposition, ...] = Field(
        default=(), description="The competing phases and their amounts."
    )
    no_reference: Text | None = Field(default=None, description="Why there is no distance.")
    version: str | None = Field(
        default=None, description="Name of all that the distance depends on, beside the candidate."
    )


class Gate(Part):
    """What came of one gate of the rule."""

    name: str = Field(description="The gate.")
    status: GateStatusName = Field(description="What came of it.")
    sentence: Text = Field(description="Why, with numbers.")
    value: Finite | Text = Field(default=None, description="What was measured.")
    limit: Finite | Text = Field(default=None, description="What the rule allows.")


class Chances(Part):
    """How probable it is that a candidate is stable."""

    on_hull: float = Field(description="Probability of a distance of at most zero.")
    within_limit: float = Field(description="Probability of a distance within the limit.")
    limit: float = Field(description="That limit in eV/atom.")
    scale: float = Field(description="Scale of the error of the distance in eV/atom.")
    is_calibrated: bool = Field(description="Whether known errors, not an assumption, say so.")
    disagreement: float = Field(
        default=0.0, description="What disagreement with others adds to the scale, in eV/atom."
    )


class BudgetChoice(Part):
    """What the budget of the rule makes of a candidate."""

    role: BudgetRole = Field(description="Chosen, drawn by lot to learn what is missed, or left.")
    reason: Text = Field(description="One sentence.")
    value: float = Field(description="Worth per core-hour.")
    inclusion_probability: float = Field(
        ge=0, le=1, description="Chance with which it is calculated."
    )
    rank: int | None = Field(
        default=None, ge=1, description="Place in the queue, from 1; None of those left."
    )


class DftFinding(Part):
    """What a finished DFT calculation said of a candidate; the lowest one if there are several.

    The follow-up that it names holds what was predicted beside it.
    """

    follow_up_id: ContentKey = Field(description="The calculation.")
    ordering: ContentKey = Field(description="Magnetic ordering, e.g. ferromagnetic or afm-1.")
    energy_above_hull: Finite = Field(
        default=None,
        description="Signed distance in eV/atom to the dft hull with the results of the campaign, "
        "this one taken off.",
    )
    formation_energy_per_atom: Finite = Field(
        default=None, description="Formation energy in eV/atom, in the reference's energy scheme."
    )
    is_stable: bool | None = Field(default=None, description="Whether DFT's crystal opens it.")
    volume_change: Finite = Field(
        default=None, description="DFT's volume per atom over the predicted, less one."
    )
    rmsd: Finite = Field(
        default=None,
        description="Between predicted and DFT's sites, over the cube root of the volume per atom.",
    )
    no_distance: Text | None = Field(
        default=None, description="Why there is no distance, one sentence."
    )
    task_uuid: Text | None = Field(default=None, description="Of the job that ended it.")
    completed_at: UtcTime | None = Field(default=None, description="When that ended (UTC).")


class CandidateOutcome(Part):
    """What a campaign learns of a candidate; as an update, only the fields given are written."""

    status: CandidateStatus = Field(default="pending", description="Place in its life.")
    rejection: Text | None = Field(default=None, description="Why the input was rejected.")
    relaxation_id: ContentKey | None = Field(default=None, description="Its relaxation.")
    potential_fingerprint: str | None = Field(
        default=None, description="SHA-256 of weights and config of the potential that relaxed it."
    )
    stop_reason: StopReasonName | None = Field(default=None, description="How that ended.")
    num_steps: int | None = Field(default=None, description="Optimizer steps taken.")
    fmax: Finite = Field(default=None, description="Largest force in eV/angstrom.")
    smax: Finite = Field(default=None, description="Largest stress component in GPa.")
    space_group_number: int | None = Field(
        default=None, ge=1, le=230, description="Space group once relaxed, found to 0.1 angstrom."
    )
    energy_per_atom: Finite = Field(
        default=None, description="Relaxed energy in eV/atom, in the potential's energy scheme."
    )
    corrected_energy: Finite = Field(
        default=None, description="Energy of the cell in eV, in the reference's energy scheme."
    )
    adjustments: tuple[Adjustment, ...] = Field(default=(), description="Corrections in eV.")
    formation_energy_per_atom: Finite = Field(
        default=None, description="Formation energy in eV/atom, in the reference's energy scheme."
    )
    energy_above_hull: Finite = Field(
        default=None, description="Signed distance to the hull of all others in eV/atom."
    )
    is_stable: bool | None = Field(default=None, description="Whether it opens the hull.")
    decomposes_to: tuple[Decomposition, ...] = Field(
        default=(), description="The competing phases and their amounts."
    )
    hulls: dict[HullNameText, HullPlace] = Field(
        default_factory=dict, description="Its place on each hull by name."
    )
    disagreement: Finite = Field(
        default=None, description="Distance to the dft less that to the own hull in eV/atom."
    )
    duplicate_of: Text | None = Field(
        default=None, description="material_id of the same crystal with lower energy."
    )
    known_as: Text | None = Field(
        default=None, description="Reference phase that is the same crystal."
    )
    is_flagged: bool | None = Field(default=None, description="Whether it deserves DFT.")
    verdict: Text | None = Field(default=None, description="The verdict in one word.")
    reasons: tuple[Text, ...] = Field(default=(), description="Sentences that explain it.")
    rule_id: Text | None = Field(default=None, description="The rule that judged.")
    gates: tuple[Gate, ...] = Field(default=(), description="What came of every gate, in order.")
    evidence: JsonObject | None = Field(
        default=None, description="What the verdict rests on; another rule can judge it."
    )
    chances: Chances | None = Field(default=None, description="How probably it is stable.")
    p_stable: Finite = Field(
        default=None, ge=0, le=1, description="Probability of what the rule calls stable."
    )
    core_hours: Finite = Field(default=None, description="Cost of its DFT calculation.")
    choice: BudgetChoice | None = Field(default=None, description="What the budget makes of it.")
    rank: int | None = Field(default=None, ge=1, description="Place among the flagged, from 1.")
    dft: DftFinding | None = Field(
        default=None, description="What DFT found, beside the prediction; None before that."
    )


def candidate_id(campaign_id: str, material_id: str) -> str:
    """Return the key of a candidate; a campaign_id holds no slash, so no two can meet."""
    return f"{campaign_id}/{material_id}"


def element_sets(elements: Iterable[str]) -> list[str]:
    """Return each element, pair and triple of them, joined by '-', as searches for elements need.

    Who has three elements is found without looking at all who have two of them.
    """
    ordered = sorted(elements)
    sizes = range(1, LARGEST_SET + 1)
    return ["-".join(some) for size in sizes for some in combinations(ordered, size)]


class CandidateDoc(BaseDoc, CandidateOutcome):
    """One crystal in one campaign; its composition is None where the input was unreadable.

    What is stored holds ``element_sets`` and ``COMPOSITION_FIELDS`` beside the fields; they follow
    from its elements and its formula.
    """

    collection: ClassVar[str] = "candidates"
    id_field: ClassVar[str] = "candidate_id"

    schema_version: int = Field(default=2, description="Version of this document's layout.")
    campaign_id: ContentKey = Field(description="The campaign.")
    material_id: Text = Field(min_length=1, description="The candidate's name in its campaign.")
    role: CandidateRole = Field(default="candidate", description="Judged, or part of the hull.")
    origin: Origin = Field(description="Where it was read from.")
    structure_id: ContentKey | None = Field(default=None, description="Its input crystal.")
    formula_pretty: Text | None = Field(default=None, description="Reduced formula.")
    chemsys: str | None = Field(default=None, description="Element symbols joined by '-'.")
    elements: tuple[ElementSymbol, ...] = Field(default=(), description="Symbols, alphabetical.")
    nelements: int | None = Field(default=None, description="Number of different elements.")
    nsites: int | None = Field(default=None, description="Number of sites.")
    known_outcome: JsonObject | None = Field(
        default=None, description="What the input said of the true outcome, in its own units."
    )

    @property
    def candidate_id(self) -> str:
        """The key that is stored as ``_id``."""
        return candidate_id(self.campaign_id, self.material_id)

    def to_mongo(self) -> dict[str, Any]:
        """Return the document as MongoDB stores it."""
        derived = {ELEMENT_SETS: element_sets(self.elements)}
        return super().to_mongo() | derived | composition_fields(self.formula_pretty)

    @classmethod
    def from_mongo(cls, raw: Mapping[str, Any]) -> Self:
        """Read a stored document."""
        return super().from_mongo({key: raw[key] for key in raw if key not in DERIVED})
