"""How a worker behaves, and what it reads from the environment."""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from facet.errors import ConfigError
from workflows.duty import LEASE_SECONDS

if TYPE_CHECKING:
    from db.settings import DbSettings

SLURM_END = "SLURM_JOB_END_TIME"
SHORTEST_LEASE = 2.0
A_DURATION = re.compile(r"\+(\d+):([0-5]?\d)(?::([0-5]?\d))?")


@dataclass(frozen=True)
class WorkerSettings:
    """How one worker process behaves.

    Attributes:
        device: Where potentials run, such as ``cuda:0``; None where they would by themselves.
        category: Kind of Fireworks that it takes.
        lease_seconds: How long its work stays its own when it is not heard of.
        until: When it has to be gone (UTC); None for no limit.
        margin_seconds: How long before that it begins to hand its work back.
        grace_seconds: How long a job may take to return when it is told to stop.
        exit_when_idle: Leave as soon as nothing is left to run, here or elsewhere.
        max_idle_seconds: Leave after so long without a job; None waits for ever.
        metrics_port: Where metrics are served; None serves none, 0 chooses a port.
        metrics_host: Address that they are served on.
        log_format: ``text`` or ``json``.
        label: Short name in the log, where several workers write one.
        supervisor: Process id whose end is this worker's end too; None for a worker of its own.
    """

    device: str | None = None
    category: str = "facet"
    lease_seconds: float = LEASE_SECONDS
    until: datetime | None = None
    margin_seconds: float = 120.0
    grace_seconds: float = 9.0
    exit_when_idle: bool = False
    max_idle_seconds: float | None = None
    metrics_port: int | None = None
    metrics_host: str = "127.0.0.1"
    log_format: str = "text"
    label: str = ""
    supervisor: int | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot work."""
        if self.lease_seconds < SHORTEST_LEASE:
            raise ConfigError(
                f"A lease of {self.lease_seconds:g} s ends before it can be renewed; "
                f"give --lease {SHORTEST_LEASE:g} or more."
            )
        if self.log_format not in {"text", "json"}:
            raise ConfigError(f"{self.log_format!r} is no log format; use text or json.")
        if not self.category:
            raise ConfigError("A worker needs a category of Fireworks; the usual one is facet.")

    @property
    def drain_at(self) -> datetime | None:
        """When it begins to hand its work back."""
        if self.until is None:
            return None
        return self.until - timedelta(seconds=self.margin_seconds)


def parse_until(text: str, now: datetime | None = None) -> datetime:
    """Read when a worker has to be gone.

    Args:
        text: A time (ISO 8601; without a zone, of this machine) or ``+HH:MM`` or ``+HH:MM:SS``
            from now.
        now: What to count from; the present when not given.

    Raises:
        ConfigError: It is neither.
    """
    duration = A_DURATION.fullmatch(text.strip())
    if duration is not None:
        hours, minutes, seconds = (int(part or 0) for part in duration.groups())
        start = now or datetime.now(UTC)
        return start + timedelta(hours=hours, minutes=minutes, seconds=seconds)
    try:
        return datetime.fromisoformat(text.strip()).astimezone(UTC)
    except ValueError as error:
        raise ConfigError(
            f"{text!r} is no time; write it as 2026-11-21T18:00 or, counted from now, +HH:MM."
        ) from error


def end_of_allocation() -> datetime | None:
    """When SLURM ends the job that this process belongs to; None outside of one."""
    stated = os.environ.get(SLURM_END, "").strip()
    if not stated.isdigit():
        return None
    return datetime.fromtimestamp(int(stated), UTC)


def earliest(*times: datetime | None) -> datetime | None:
    """Return the first of some times, of which each may be missing."""
    given = [each for each in times if each is not None]
    return min(given) if given else None


def keep_paths(settings: DbSettings) -> None:
    """Make the paths of the environment absolute: launches run in folders of their own."""
    paths = {
        "FACET_HOME": settings.home,
        "FACET_MONGOD": settings.mongod,
        "FACET_MONGO_PASSWORD_FILE": settings.mongo_password_file,
    }
    os.environ.update({name: str(path) for name, path in paths.items() if path is not None})


def visible_gpus() -> list[str]:
    """Return the GPUs that this process may use, as ``CUDA_VISIBLE_DEVICES`` names them.

    Raises:
        ConfigError: There is none.
    """
    stated = os.environ.get("CUDA_VISIBLE_DEVICES")
    if stated is not None:
        named = [each.strip() for each in stated.split(",") if each.strip()]
    else:
        import torch  # takes a second; asked for only here

        named = [str(index) for index in range(torch.cuda.device_count())]
    if not named:
        raise ConfigError("No GPU is visible here; leave --devices out to work on the CPU.")
    return named


def seconds_until(moment: datetime) -> float:
    """How long it is until a moment; negative when it has passed."""
    return moment.timestamp() - time.time()
