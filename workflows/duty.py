"""What the process that runs a job is to others: its name, its device, and when it has to stop."""

from __future__ import annotations

import os
import socket
import threading
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Iterator

LEASE_SECONDS = 120.0


@dataclass(frozen=True)
class Duty:
    """Who runs a job.

    Attributes:
        worker: Name under which crystals are leased; no other process has it.
        device: Where potentials run; None where they would by themselves.
        lease_seconds: How long crystals stay with a worker that is not heard of any more.
        can_requeue: Whether a job that hands crystals back may put another in its place; where
            nobody takes that up, the job raises instead.
        stop: Set when the job shall hand its crystals back and return.
    """

    worker: str
    device: str | None = None
    lease_seconds: float = LEASE_SECONDS
    can_requeue: bool = False
    stop: threading.Event = field(default_factory=threading.Event)


_duty: ContextVar[Duty | None] = ContextVar("duty", default=None)


@contextmanager
def on_duty(duty: Duty) -> Iterator[None]:
    """Let the jobs that run inside the block know of this duty."""
    token = _duty.set(duty)
    try:
        yield
    finally:
        _duty.reset(token)


def current_duty() -> Duty:
    """Return the duty of the worker that runs this job, or that of a process that is none."""
    return _duty.get() or Duty(_name_of_process(os.getpid()))


def new_worker_name() -> str:
    """Make a name that no other process has: host, process id and a random part."""
    return f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:6]}"


@cache
def _name_of_process(_pid: int) -> str:
    """Keep one name from job to job; a forked child asks with another id and gets its own."""
    return new_worker_name()
