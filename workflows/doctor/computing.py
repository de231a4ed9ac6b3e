"""What computes: devices and drivers, the bundled potential on each, and other environments.

Torch is imported where it is examined: if it cannot be, that is a finding.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from facet.errors import FacetError
from workflows.doctor.finding import Finding, Health, finding_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECONDS_TO_ANSWER = 20.0
CUDA_INDEX = "https://download.pytorch.org/whl"


def device_findings() -> Iterator[Finding]:
    """Say what computes, and by which driver."""
    import torch

    drivers = nvidia_drivers()
    for index in range(torch.cuda.device_count()):
        facts = torch.cuda.get_device_properties(index)
        memory = facts.total_memory / 2**30
        driver = f", driver {drivers[0]}" if drivers else ""
        text = f"cuda:{index} {facts.name}, {memory:.0f} GiB, CUDA {torch.version.cuda}{driver}"
        yield Finding("device", Health.OK, text)
    if torch.cuda.device_count() == 0:
        yield from _unused(torch.version.cuda, len(drivers))
    text = f"CPU with {os.cpu_count()} cores, torch uses {torch.get_num_threads()}"
    yield Finding("device", Health.OK, text)


def nvidia_drivers() -> list[str]:
    """Version of the driver behind each GPU of NVIDIA, as its own tool tells; empty without it."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    asked = [program, "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        # The program of the driver, with constant arguments.
        done = subprocess.run(  # noqa: S603
            asked, capture_output=True, text=True, check=True, timeout=SECONDS_TO_ANSWER
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return done.stdout.split()


def _unused(cuda: str | None, num_gpus: int) -> Iterator[Finding]:
    """GPUs that torch does not use, or CUDA without a GPU."""
    if cuda is None and num_gpus:
        text = f"{num_gpus} GPUs are here, but torch is made for the CPU only"
        mend = f"install torch for CUDA (`pip install torch --index-url {CUDA_INDEX}/cu130`)"
        yield Finding("device", Health.WARNING, text, mend)
    elif cuda is not None:
        text = f"torch is made for CUDA {cuda} but finds no GPU, and uses the CPU"
        yield Finding("device", Health.WARNING, text, "check the driver with `nvidia-smi`")


def potential_findings(name: str | Path = "facet-s") -> Iterator[Finding]:
    """Load a potential on every kind of device and check it on its golden batch."""
    import torch

    from facet.checkpoint import load
    from facet.selfcheck import self_check

    for device in ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]:
        try:
            potential = load(name, device=device, check=False)
            result = self_check(potential)
        except FacetError as error:
            yield finding_of(error, "potential")
            continue
        has_record = potential.golden is not None and potential.golden.record is not None
        batch = "golden batch" if has_record else "no golden batch on record"
        text = (
            f"{name}, not compiled ({batch}): {result} from double precision "
            f"({result.seconds:.2f} s)"
        )
        yield Finding("potential", Health.OK, text)


def environment_findings() -> Iterator[Finding]:
    """Look at the environments of other potentials; one that is absent is no fault."""
    from workflows.environments.checks import check, known_environments

    for name in known_environments():
        state = check(name)
        if not state.is_there:
            text = f"none for {name}; `facet env make {name}` builds one"
            yield Finding("environment", Health.OK, text)
            continue
        for fault in state.faults:
            text, _, mend = fault.rpartition("; ")
            yield Finding("environment", Health.WARNING, text or mend, mend.rstrip("."))
        if not state.faults:
            shown = ", ".join(f"{each} {found}" for each, found in state.versions.items())
            yield Finding("environment", Health.OK, f"{name} works in {state.place}: {shown}")
