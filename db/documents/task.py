"""What is still to be relaxed, by whom it is held, and what became of it."""

from typing import ClassVar, Literal

from pydantic import Field

from db.documents.base import BaseDoc
from db.documents.blob import Blob
from db.documents.fields import ContentKey, Part, StopReasonName, Text, UtcTime

TaskStatus = Literal["pending", "leased", "done", "set_aside"]
HowEnded = Literal["handed_back", "lost"]


class Lease(Part):
    """A worker's claim on a crystal."""

    lease_id: Text = Field(description="Common to all that this run of a job holds.")
    worker: Text = Field(description="Name of the worker.")
    claimed_at: UtcTime = Field(description="When it was claimed, by the server's clock (UTC).")
    expires_at: UtcTime = Field(description="When it ends unless it is renewed (UTC).")
    crowd: int = Field(
        ge=1, description="Crystals that the worker held together, this one included."
    )


class Attempt(Part):
    """A claim that brought no result."""

    worker: Text = Field(description="Name of the worker.")
    claimed_at: UtcTime = Field(description="When it was claimed (UTC).")
    ended_at: UtcTime = Field(description="When it ended (UTC).")
    how: HowEnded = Field(description="Handed back on purpose, or lost with its worker.")
    crowd: int = Field(
        ge=1, description="Crystals that the worker held together, this one included."
    )


class SuspendedState(Part):
    """Where a crystal was when its worker handed it back."""

    num_steps: int = Field(ge=0, description="Optimizer steps taken.")
    content: Blob = Field(description="The state with the optimizer's memory, an npz archive.")


class Retry(Part):
    """A result that was given up, so that the crystal is relaxed anew."""

    stop_reason: StopReasonName = Field(description="How the relaxation had ended.")
    message: Text = Field(description="One sentence that said why.")
    retried_at: UtcTime = Field(description="When it was given up (UTC).")


class TaskDoc(BaseDoc):
    """The work on one structure with one potential and settings, whichever campaigns ask for it."""

    collection: ClassVar[str] = "tasks"
    id_field: ClassVar[str] = "task_id"

    task_id: ContentKey = Field(description="The relaxation_id that its result will have.")
    structure_id: ContentKey = Field(description="The crystal.")
    potential_fingerprint: str = Field(description="SHA-256 of the potential's weights and config.")
    nsites: int = Field(ge=1, description="Number of sites.")
    campaigns: tuple[ContentKey, ...] = Field(default=(), description="Campaigns that ask for it.")
    priority: int = Field(default=0, description="Higher goes first.")
    status: TaskStatus = Field(default="pending", description="Place in its life.")
    token: int = Field(default=0, ge=0, description="Fencing token: number of claims so far.")
    losses: int = Field(default=0, ge=0, description="Workers that were lost while they held it.")
    losses_among_few: int = Field(
        default=0, ge=0, description="Those of them that held few others with it, or none."
    )
    losses_alone: int = Field(default=0, ge=0, description="Those of them that held nothing else.")
    lease: Lease | None = Field(default=None, description="Who holds it.")
    state: SuspendedState | None = Field(default=None, description="Where it goes on from.")
    history: tuple[Attempt, ...] = Field(default=(), description="Claims without a result.")
    stop_reason: StopReasonName | None = Field(
        default=None, description="How its relaxation ended; None before that."
    )
    retries: tuple[Retry, ...] = Field(default=(), description="Results that were given up.")
    created_at: UtcTime = Field(description="When it was first asked for (UTC).")
    updated_at: UtcTime = Field(description="When its status last changed (UTC).")
