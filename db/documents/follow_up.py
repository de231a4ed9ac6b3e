"""A DFT calculation of a relaxed candidate: who asked for it, what came of it, what it taught."""

from typing import ClassVar, Literal

from pydantic import ConfigDict, Field

from db.documents.base import BaseDoc
from db.documents.candidate import Adjustment
from db.documents.fields import ContentKey, Finite, Part, Text, UtcTime
from db.documents.geometry import PackedGeometry

FollowUpKind = Literal["flagged", "exploration", "picked"]
FollowUpStatus = Literal["proposed", "approved", "rejected", "submitted", "finished", "failed"]


class Prediction(Part):
    """What the potential said before DFT was asked."""

    energy_above_hull: dict[str, float] = Field(
        default_factory=dict, description="Signed distance in eV/atom to each hull by name."
    )
    p_stable: float = Field(
        ge=0, le=1, description="Probability that it is stable, in the sense of the rule."
    )
    volume_per_atom: float = Field(description="Volume in cubic angstrom per atom.")
    energy_per_atom: Finite = Field(
        default=None, description="Energy in eV/atom with the corrections of DFT."
    )
    spread: Finite = Field(
        default=None, description="Spread of the distance over a committee in eV/atom."
    )


class Comparison(Part):
    """What was predicted beside what DFT found, both measured against the same hull."""

    base_reference_id: ContentKey = Field(description="The reference without any DFT result.")
    updated_reference_id: ContentKey = Field(description="The same with the results so far.")
    predicted_above_hull: Finite = Field(
        default=None, description="Predicted distance to the base hull in eV/atom."
    )
    dft_above_hull: Finite = Field(
        default=None, description="DFT's distance to the base hull in eV/atom."
    )
    dft_above_updated_hull: Finite = Field(
        default=None, description="DFT's distance to the updated hull, itself off it, in eV/atom."
    )
    is_stable: bool | None = Field(
        default=None, description="Whether DFT finds it stable in the sense of the rule."
    )
    volume_error: Finite = Field(
        default=None, description="Predicted over DFT's volume per atom, less one."
    )
    rmsd: Finite = Field(
        default=None,
        description="Root mean square distance of matched sites over the cube root of the volume "
        "per atom; None where the crystals do not match.",
    )
    no_distance: Text | None = Field(
        default=None, description="Why there is no distance, one sentence."
    )


class Request(Part):
    """One campaign's wish for the calculation."""

    campaign_id: ContentKey = Field(description="The campaign.")
    material_id: Text = Field(description="Name of the candidate there.")
    candidate_id: Text = Field(description="Key of the candidate.")
    rule_id: Text | None = Field(default=None, description="The rule that judged it.")
    kind: FollowUpKind = Field(
        description="Flagged, drawn by lot to learn what is missed, or picked by a person."
    )
    inclusion_probability: float = Field(
        ge=0, le=1, description="Chance with which it is calculated; 0 where nobody knows."
    )
    is_flagged: bool | None = Field(
        default=None, description="Whether the rule flagged it then; None where nobody noted it."
    )
    rank: int | None = Field(default=None, ge=1, description="Place in the queue, from 1.")
    prediction: Prediction = Field(description="What the potential said.")
    comparison: Comparison | None = Field(default=None, description="What DFT made of that.")


class DftResult(Part):
    """What a finished calculation said; it never changes."""

    energy: float = Field(description="Total energy of the cell in eV, uncorrected.")
    corrected_energy: Finite = Field(
        default=None, description="The same with MP2020 corrections in eV."
    )
    adjustments: tuple[Adjustment, ...] = Field(default=(), description="These, one by one, in eV.")
    refusal: Text | None = Field(
        default=None, description="Why it has no place on the hull, one sentence."
    )
    pymatgen_version: Text | None = Field(default=None, description="Whose corrections they are.")
    run_type: Text = Field(description="Functional, e.g. GGA or GGA+U.")
    hubbards: dict[str, float] = Field(default_factory=dict, description="Hubbard U in eV.")
    potcar_titles: tuple[Text, ...] = Field(default=(), description="TITEL of each POTCAR.")
    geometry: PackedGeometry = Field(description="The crystal as DFT relaxed it.")
    volume_per_atom: float = Field(gt=0, description="Its volume in cubic angstrom per atom.")
    rmsd: Finite = Field(default=None, description="As in the comparison.")
    core_hours: Finite = Field(
        default=None, description="Cores times wall time of all its tasks; None if not recorded."
    )
    num_frames: int = Field(default=0, ge=0, description="Ionic steps kept for training.")
    task_uuid: Text | None = Field(default=None, description="Of the job that ended it.")
    task_folder: Text | None = Field(default=None, description="Where that ran.")
    completed_at: UtcTime | None = Field(default=None, description="When that ended (UTC).")


class FollowUpDoc(BaseDoc):
    """One calculation; campaigns that ask for the same crystal in the same way share it."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64"
    )
    collection: ClassVar[str] = "follow_ups"
    id_field: ClassVar[str] = "follow_up_id"

    follow_up_id: ContentKey = Field(
        description="Hash of the relaxation, the DFT Maker and the magnetic ordering."
    )
    relaxation_id: ContentKey = Field(description="The relaxation whose end it starts from.")
    formula_pretty: Text = Field(description="Reduced formula.")
    chemsys: str = Field(description="Element symbols joined by '-'.")
    nsites: int = Field(ge=1, description="Number of sites of the input.")
    maker: Text = Field(description="Import path of the DFT Maker, module:Class.")
    maker_digest: ContentKey = Field(description="Hash of everything that the Maker is.")
    ordering: ContentKey = Field(description="Magnetic ordering, e.g. ferromagnetic or afm-1.")
    ordering_note: Text = Field(default="", description="How the ordering was made.")
    geometry: PackedGeometry = Field(description="Input sites and cell, in angstrom.")
    magmoms: tuple[float, ...] = Field(description="MAGMOM of each site in Bohr magnetons.")
    cost: float = Field(gt=0, description="Estimated cost in core-hours.")
    requests: tuple[Request, ...] = Field(description="Who asked for it, each campaign once.")
    status: FollowUpStatus = Field(default="proposed", description="Place in its life.")
    decided_by: Text | None = Field(
        default=None, description="Who approved or rejected it; 'budget' if nobody looked."
    )
    decided_at: UtcTime | None = Field(default=None, description="When that was (UTC).")
    fw_ids: tuple[int, ...] = Field(default=(), description="Its Fireworks.")
    result: DftResult | None = Field(default=None, description="What it found.")
    frames: bytes | None = Field(
        default=None,
        description="Ionic steps as gzipped JSON lines, in the units of `facet train`.",
    )
    failure: Text | None = Field(default=None, description="Why there is no result, one sentence.")
    created_at: UtcTime = Field(description="When it was first asked for (UTC).")

    def request_of(self, campaign_id: str) -> Request | None:
        """Return what a campaign asked, if it did."""
        return next((each for each in self.requests if each.campaign_id == campaign_id), None)
