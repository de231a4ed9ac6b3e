"""Runs one worker here, or a supervisor of several."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING, NoReturn

from facet.errors import ConfigError
from workflows.cli.exits import MISTAKE
from workflows.devices import check_device
from workflows.worker.resident import run_worker
from workflows.worker.supervisor import places_on_cpu, places_on_gpus, supervise

if TYPE_CHECKING:
    from workflows.worker.settings import WorkerSettings


def run_workers(settings: WorkerSettings, *, devices: str | None, processes: int) -> int:
    """Be a worker, or keep several; return the exit code.

    Raises:
        ConfigError: The options contradict each other, or no GPU is visible.
        DbError: The database cannot be used.
    """
    if devices is not None and settings.device is not None:
        raise ConfigError("Give --device for one worker or --devices for one a GPU, not both.")
    check_device(settings.device)
    if devices is not None:
        places = places_on_gpus(devices, processes)
    elif processes > 1:
        places = places_on_cpu(processes, settings.device)
    else:
        run_worker(settings)
        _leave_at_once()
    return 0 if supervise(settings, places) else MISTAKE


def _leave_at_once() -> NoReturn:
    """End this process, all of whose work is stored and closed.

    Python takes torch apart for seconds, on a busy machine for so long that whoever asked the
    worker to stop has lost patience.
    """
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
