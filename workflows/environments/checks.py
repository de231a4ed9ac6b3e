"""What is wrong with an environment, one sentence each, with the mend."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from facet.errors import CheckpointError, ConfigError
from facet.interop.mace_models import MACE_MP_0_SMALL
from workflows.environments.places import CHECKOUT, place_of
from workflows.environments.weights import FILE_IN_ENVIRONMENT, sha256_of

if TYPE_CHECKING:
    from pathlib import Path

WEIGHTS = {"mace": FILE_IN_ENVIRONMENT}
"""File of weights in each environment that can be made here."""

CHECKSUMS = {"mace": MACE_MP_0_SMALL}
DECIDING = {"mace": ("e3nn", "mace-torch", "torch", "numpy")}
"""Packages whose versions change the numbers, or whether the potential loads at all."""

SECONDS_TO_ANSWER = 120.0

ASK = (
    "import json, sys; from importlib.metadata import version, PackageNotFoundError\n"
    "found = {}\n"
    "for name in sys.argv[1:]:\n"
    "    try: found[name] = version(name)\n"
    "    except PackageNotFoundError: found[name] = None\n"
    "print(json.dumps(found))"
)


@dataclass(frozen=True)
class EnvironmentState:
    """What was found of an environment.

    Attributes:
        name: Of the environment.
        place: Its folder.
        is_there: Whether it has an interpreter.
        faults: What is wrong, one sentence each that says how to mend it; empty when it works.
        versions: Of the packages that decide.
    """

    name: str
    place: Path
    is_there: bool
    faults: tuple[str, ...]
    versions: dict[str, str | None]


def known_environments() -> tuple[str, ...]:
    """Names of the environments that can be made here."""
    return tuple(sorted(WEIGHTS))


def check(name: str, *, loads: bool = True) -> EnvironmentState:
    """Look at an environment.

    Args:
        name: Of a known environment.
        loads: Whether its potential is loaded too, which takes some seconds.

    Raises:
        ConfigError: There is no such environment.
    """
    if name not in WEIGHTS:
        raise ConfigError(
            f"There is no recipe for an environment {name!r}; there are those of "
            f"{', '.join(known_environments())}."
        )
    place = place_of(name)
    python = place / "bin" / "python"
    mend = f"`facet env make {name}`"
    if not python.exists():
        fault = (
            f"The environment {name!r} is absent ({place} has no interpreter); {mend} builds it."
        )
        return EnvironmentState(name, place, is_there=False, faults=(fault,), versions={})
    versions = _versions(python, DECIDING[name])
    faults = [*_version_faults(name, versions, mend), *_weights_faults(name, place, mend)]
    if loads and not faults:
        faults += _loading_faults(name, python, place, mend)
    return EnvironmentState(name, place, is_there=True, faults=tuple(faults), versions=versions)


def pins_of(name: str) -> str:
    """The pinned packages of an environment, as pip reads them."""
    return files("workflows.environments").joinpath(f"{name}.txt").read_text(encoding="utf-8")


def pinned_versions(name: str) -> dict[str, str]:
    """Version of each pinned package."""
    lines = (line.split("#")[0].strip() for line in pins_of(name).splitlines())
    return dict(line.split("==", 1) for line in lines if "==" in line)


def weights_of(name: str) -> Path:
    """File of weights in an environment, whether or not it is there."""
    return place_of(name) / WEIGHTS[name]


def _version_faults(name: str, versions: dict[str, str | None], mend: str) -> list[str]:
    pins = pinned_versions(name)
    return [
        f"{package} {found or 'is missing'} is in the environment {name!r}, which needs "
        f"{package} {pins[package]}; {mend} mends it."
        for package, found in versions.items()
        if package in pins and found != pins[package]
    ]


def _weights_faults(name: str, place: Path, mend: str) -> list[str]:
    file = place / WEIGHTS[name]
    if not file.exists():
        return [
            f"The weights {file} are absent; {mend} fetches them, and with --weights PATH it takes "
            "those of a file."
        ]
    try:
        found = sha256_of(file)
    except CheckpointError as error:
        return [str(error)]
    if found != CHECKSUMS[name]:
        return [
            f"The weights {file} have SHA-256 {found} where {CHECKSUMS[name]} was expected; delete "
            f"the file and run {mend}, or name yours mace:PATH#SHA256 if you trust it."
        ]
    return []


def _loading_faults(name: str, python: Path, place: Path, mend: str) -> list[str]:
    command = [str(python), "-m", "workflows.comparison.side", f"mace:{place / WEIGHTS[name]}"]
    # Interpreter and file are those of the environment.
    done = subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, check=False, input="", cwd=CHECKOUT
    )
    line = done.stdout.splitlines()[-1] if done.stdout.strip() else ""
    if '"about"' in line:
        return []
    if '"error"' in line:
        return [str(json.loads(line)["error"])]
    said = done.stderr.strip().splitlines() or ["without a word"]
    return [f"The environment {name!r} does not work ({said[-1]}); {mend} builds it anew."]


def _versions(python: Path, packages: tuple[str, ...]) -> dict[str, str | None]:
    # The interpreter is that of the environment, the program a constant of this file.
    done = subprocess.run(  # noqa: S603
        [str(python), "-c", ASK, *packages],
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS_TO_ANSWER,
    )
    if done.returncode:
        return dict.fromkeys(packages)
    found: dict[str, str | None] = json.loads(done.stdout)
    return found
