"""What a worker says of itself while it lives."""

from typing import ClassVar, Literal

from pydantic import Field

from db.documents.base import BaseDoc
from db.documents.fields import Counts, Finite, Text, UtcTime

WorkerStatus = Literal["working", "idle", "draining", "stopped"]


class WorkerDoc(BaseDoc):
    """One worker process, as of its last heartbeat."""

    collection: ClassVar[str] = "workers"
    id_field: ClassVar[str] = "worker_id"

    worker_id: Text = Field(description="Unique name of the process; leases carry it.")
    host: Text = Field(description="Machine that it runs on.")
    pid: int = Field(description="Process id on that machine.")
    device: Text | None = Field(default=None, description="Where its potentials run.")
    category: Text = Field(description="Kind of Fireworks that it takes.")
    status: WorkerStatus = Field(description="What it is doing.")
    lease_seconds: float = Field(description="Silence, in s, after which it counts as lost.")
    started_at: UtcTime = Field(description="When it started, by the server's clock (UTC).")
    seen_at: UtcTime | None = Field(
        default=None, description="Last heartbeat, by the server's clock (UTC); set by each."
    )
    ends: Counts = Field(default_factory=dict, description="Crystals ended, by stop reason.")
    num_fireworks: int = Field(default=0, ge=0, description="Fireworks launched.")
    structures_per_second: Finite = Field(
        default=None, description="Crystals ended per second over the last minutes."
    )
    message: Text = Field(default="", description="What it last had to say, one sentence.")
