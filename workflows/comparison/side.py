"""One potential in a process of its own: crystals in, relaxed crystals out, as JSON lines.

``python -m workflows.comparison.side NAME`` runs in the environment of the potential and needs no
database. It says first what it is. Each request then holds settings and crystals; each result
follows as soon as its crystal stops, and at the end what the portion cost.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import sys
import time
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any

from facet.errors import FacetError
from facet.memory import keep_freed_memory
from facet.relaxation.relaxer import relax
from facet.relaxation.settings import RelaxSettings
from workflows.comparison.wire import crystal_from_wire, result_to_wire
from workflows.device_names import device_name, num_threads
from workflows.lines import Replies
from workflows.potentials import resident_potential

if TYPE_CHECKING:
    from facet.graph.neighbors import Crystal
    from facet.potential import Potential

WARM_UP_CRYSTALS = 4
WARM_UP_STEPS = 3
PACKAGES = ("facet", "torch", "e3nn", "mace-torch", "ase", "moyopy")
KIBIBYTES_PER_MEBIBYTE = 1024


def main() -> None:
    """Load the potential, say what it is, then answer requests until there are no more."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("name")
    parser.add_argument("--fingerprint")
    parser.add_argument("--device")
    given = parser.parse_args()
    replies = Replies()
    keep_freed_memory()
    try:
        potential = resident_potential(given.name, given.fingerprint, given.device)
        kernels = "plain"
        if given.name.startswith("mace:"):
            from facet.interop.mace_kernels import with_fast_kernels

            potential, kernels = with_fast_kernels(potential)
    except FacetError as error:
        replies.say({"error": str(error)})
        return
    replies.say({"about": {**about(potential), "kernels": kernels}})
    is_warm = False
    for line in sys.stdin:
        request = json.loads(line)
        settings = RelaxSettings.from_dict(request["settings"])
        crystals = [(each["name"], crystal_from_wire(each)) for each in request["crystals"]]
        if not is_warm:
            warm_up(crystals, potential, settings)
            is_warm = True
        answer(replies, crystals, potential, settings)


def about(potential: Potential) -> dict[str, Any]:
    """Say what a potential is and what it runs with."""
    import torch

    versions = {"python": platform.python_version()}
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            versions[name] = version(name)
    return {
        "fingerprint": potential.fingerprint,
        "energy_scheme": potential.energy_scheme,
        "cutoff": potential.cutoff,
        "precision": str(potential.dtype).removeprefix("torch."),
        "device": str(potential.device),
        "device_name": device_name(str(potential.device)),
        "num_threads": num_threads(str(potential.device)),
        "threads": torch.get_num_threads(),
        "is_one_by_one": bool(getattr(potential, "is_one_by_one", False)),
        "versions": versions,
    }


def warm_up(
    crystals: list[tuple[str, Crystal]], potential: Potential, settings: RelaxSettings
) -> None:
    """Take a few steps, so that nothing is compiled or fetched while time is measured."""
    few = replace(settings, max_steps=min(WARM_UP_STEPS, settings.max_steps), rattle=0.0)
    for _ in relax(islice(crystals, WARM_UP_CRYSTALS), potential, few):
        pass


def answer(
    replies: Replies,
    crystals: list[tuple[str, Crystal]],
    potential: Potential,
    settings: RelaxSettings,
) -> None:
    """Relax a portion; a thread of its own writes, so that a slow reader is not measured."""
    waiting: SimpleQueue[dict[str, Any] | None] = SimpleQueue()

    def write() -> None:
        while (reply := waiting.get()) is not None:
            replies.say(reply)

    writer = Thread(target=write, name="replies", daemon=True)
    writer.start()
    started, started_cpu = time.perf_counter(), time.process_time()
    for result in relax(crystals, potential, settings):
        waiting.put({"result": result_to_wire(result)})
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - started_cpu
    run = {"seconds": seconds, "cpu_seconds": cpu_seconds, "peak_mib": peak_mib(potential)}
    waiting.put({"done": run})
    waiting.put(None)
    writer.join()


def peak_mib(potential: Potential) -> float:
    """Largest memory so far in MiB: of the GPU where it runs on one, otherwise resident."""
    if potential.device.type == "cuda":
        import torch

        return torch.cuda.max_memory_allocated() / 2**20
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / KIBIBYTES_PER_MEBIBYTE
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIBIBYTES_PER_MEBIBYTE


if __name__ == "__main__":
    main()
