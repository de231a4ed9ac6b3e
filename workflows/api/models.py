"""What the endpoints answer; documents of the database are answered as they are."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from db.documents import CampaignDoc, CandidateDoc
from db.documents.candidate import BudgetRole
from db.documents.fields import Part


class Open(BaseModel):
    """An answer that may come to hold more than is promised here."""

    model_config = ConfigDict(frozen=True, extra="allow")


class CampaignHead(Part):
    """A campaign in a list."""

    campaign_id: str = Field(description="Its key.")
    source: str = Field(description="The input as the user named it.")
    potential: str = Field(description="Name of the potential.")
    potential_fingerprint: str = Field(description="SHA-256 of its weights and config.")
    reference: str | None = Field(description="Name of the hull's reference.")
    parent: str | None = Field(description="The campaign whose candidates it relaxes anew.")
    status: str = Field(description="submitted, running or finished.")
    control: str = Field(description="active, paused or cancelled.")
    priority: int = Field(description="Higher goes first.")
    created_at: datetime = Field(description="When it was submitted (UTC).")
    updated_at: datetime | None = Field(description="When it was last saved (UTC).")
    tasks: dict[str, int] = Field(description="Relaxations by status.")
    counts: dict[str, int] = Field(description="Numbers of crystals, by kind, as last saved.")


class CampaignList(Part):
    """Campaigns, the one saved last first."""

    campaigns: list[CampaignHead] = Field(description="A part of all.")
    has_more: bool = Field(description="Whether others follow at a larger offset.")


class CampaignAnswer(Part):
    """One campaign with all that is stored of it."""

    campaign: CampaignDoc = Field(description="The document.")


class Status(Open):
    """How far a campaign is, as `facet status --campaign ID --json` tells it."""

    campaign_id: str = Field(description="Its key.")
    status: str = Field(description="submitted, running or finished.")
    control: str = Field(description="active, paused or cancelled.")
    tasks: dict[str, int] = Field(description="Relaxations by status.")
    rows: dict[str, int] = Field(description="Candidates and reference phases by status.")
    ends: dict[str, int] = Field(description="Relaxations that are done by how they ended.")
    failures: list[dict[str, Any]] = Field(description="Why relaxations ended badly, by number.")
    structures_per_second: float = Field(description="Over the last minutes.")
    eta_seconds: int | None = Field(description="Until the rest is done; None if unknown.")
    jobs: dict[str, int] = Field(description="Jobs in the queue by state.")
    workers: list[dict[str, Any]] = Field(description="Workers heard of in the last minutes.")
    counts: dict[str, int] = Field(description="Numbers of crystals, by kind, as last saved.")


class Funnel(Part):
    """How many candidates are left at each place on the way to DFT."""

    candidates: int = Field(description="All of the input.")
    rejected_input: int = Field(description="Unreadable, or no crystal.")
    pending: int = Field(description="Waiting for their relaxation.")
    set_aside: int = Field(description="Given up after workers were lost with them.")
    relaxed: int = Field(description="With a relaxation, however it ended.")
    converged: int = Field(description="At rest.")
    flagged: int = Field(description="Worth a DFT calculation by the rule.")
    ends: dict[str, int] = Field(description="Relaxations by how they ended.")
    verdicts: dict[str, int] = Field(description="Candidates by verdict.")
    follow_ups: dict[str, int] = Field(description="DFT calculations by status.")


class CandidateRow(Open):
    """A candidate in a table, as `facet query --json` prints it; energies in eV/atom."""

    campaign_id: str = Field(description="Its campaign.")
    material_id: str = Field(description="Its name there.")
    rank: int | None = Field(description="Place among the flagged, from 1.")
    formula_pretty: str | None = Field(description="Reduced formula.")
    chemsys: str | None = Field(description="Elements joined by '-'.")
    nsites: int | None = Field(description="Number of sites.")
    space_group_number: int | None = Field(description="Once relaxed.")
    status: str = Field(description="Place in its life.")
    stop_reason: str | None = Field(description="How its relaxation ended.")
    num_steps: int | None = Field(description="Optimizer steps.")
    fmax: float | None = Field(description="Largest force in eV/angstrom.")
    smax: float | None = Field(description="Largest stress component in GPa.")
    energy_per_atom: float | None = Field(description="In the potential's energy scheme.")
    formation_energy_per_atom: float | None = Field(description="In that of the reference.")
    energy_above_hull: float | None = Field(description="Signed distance to the hull.")
    is_stable: bool | None = Field(description="Whether it opens the hull.")
    is_flagged: bool | None = Field(description="Whether it deserves DFT.")
    verdict: str | None = Field(description="In one word.")
    reasons: list[str] = Field(description="Sentences that explain it.")
    choice: BudgetRole | None = Field(description="What the budget makes of it.")
    p_stable: float | None = Field(description="Probability of what the rule calls stable.")
    core_hours: float | None = Field(description="Cost of its DFT calculation.")


class CandidatePage(Part):
    """Candidates in order."""

    candidates: list[CandidateRow] = Field(description="At most `limit` of them.")
    next: str | None = Field(
        description="What to give as `after` for the candidates that follow; None at the end."
    )


class Count(Part):
    """How many candidates there are, as far as there was time to count."""

    number: int = Field(description="Those counted; 0 when the time was too short.")
    is_all: bool = Field(description="Whether that is all; otherwise there are more.")


class Crystal(Part):
    """A crystal as plain numbers."""

    cell: list[list[float]] = Field(description="Cell vectors as rows in angstrom, 3 x 3.")
    species: list[str] = Field(description="Element symbol of each site.")
    positions: list[list[float]] = Field(description="Cartesian, in angstrom, sites x 3.")


class RelaxationSummary(Part):
    """How a candidate was relaxed."""

    relaxation_id: str = Field(description="Its key.")
    stop_reason: str = Field(description="Which of the six ends.")
    message: str = Field(description="One sentence that says why it ended.")
    energy: float | None = Field(description="Total energy in eV.")
    fmax: float | None = Field(description="Largest force in eV/angstrom.")
    smax: float | None = Field(description="Largest stress component in GPa.")
    num_steps: int = Field(description="Optimizer steps.")
    num_evaluations: int | None = Field(description="Times that the potential was asked.")
    initial_space_group: int | None = Field(description="Of the input.")
    space_group: int | None = Field(description="Of the relaxed crystal.")
    num_frames: int = Field(description="Geometries kept of its way; 0 without a curve.")
    wall_share: float = Field(description="Share of the batches' wall time in seconds.")
    device: str = Field(description="Where it ran.")
    settings: dict[str, Any] = Field(description="Of the relaxation.")
    versions: dict[str, Any] = Field(description="Of the programs.")
    created_at: datetime = Field(description="When it ended (UTC).")


class CandidateAnswer(Part):
    """All that is known of one candidate."""

    candidate: CandidateDoc = Field(description="The document.")
    relaxation: RelaxationSummary | None = Field(description="None before it was relaxed.")
    input: Crystal | None = Field(description="The crystal as it was given.")
    relaxed: Crystal | None = Field(description="The crystal as it was left.")
    follow_ups: list[dict[str, Any]] = Field(description="Its DFT calculations.")


class Curve(Part):
    """What a relaxation passed, evaluation by evaluation."""

    evaluation: list[int] = Field(
        description="Number of each evaluation from 0; of a long relaxation some are left out."
    )
    energy: list[float | None] = Field(description="Total energy in eV.")
    fmax: list[float | None] = Field(description="Largest force in eV/angstrom.")
    smax: list[float | None] = Field(
        default=[],
        description="Largest stress component in GPa; empty unless trajectory_every was set.",
    )
    volume: list[float | None] = Field(
        default=[], description="Volume of the cell in cubic angstrom; empty likewise."
    )


class Decision(Part):
    """Who wants which candidates calculated, and which not."""

    approve: list[str] = Field(
        default=[], max_length=1000, description="Names of those to calculate."
    )
    reject: list[str] = Field(
        default=[], max_length=1000, description="Names of those not to calculate."
    )
    by: str = Field(min_length=1, max_length=200, description="Who decides.")


class Decided(Part):
    """What became of a decision."""

    campaign_id: str = Field(description="The campaign.")
    approved: list[dict[str, Any]] = Field(description="Calculations approved.")
    rejected: list[dict[str, Any]] = Field(description="Calculations rejected.")
    core_hours: float = Field(description="Estimated cost of what was approved.")


class FollowUps(Open):
    """The DFT calculations of a campaign, as `facet dft status ID --json` tells them."""

    campaign_id: str = Field(description="The campaign.")
    counts: dict[str, int] = Field(description="Calculations by status.")
    estimated_core_hours: float = Field(description="Of those neither proposed nor rejected.")
    core_hours: float | None = Field(description="Spent so far, where recorded.")
    follow_ups: list[dict[str, Any]] = Field(description="One row for each.")
