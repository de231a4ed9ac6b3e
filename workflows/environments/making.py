"""Building an environment: an interpreter, pinned packages, Facet itself, and verified weights."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from importlib.metadata import version
from typing import TYPE_CHECKING

from facet.errors import CheckpointError, ConfigError
from facet.interop.mace_models import MODELS
from workflows.environments.checks import CHECKSUMS, known_environments, pins_of, weights_of
from workflows.environments.places import CHECKOUT, place_of
from workflows.environments.weights import fetched, sha256_of, stored

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

TORCH = "torch==2.13.0"
TORCH_FOR_CUDA = f"{TORCH}+cu130"
"""By its local version, so that a torch for CPUs that is there already does not pass for it."""

CUDA_INDEX = "https://download.pytorch.org/whl/cu130"
CUEQUIVARIANCE = (
    "cuequivariance==0.13.0",
    "cuequivariance-torch==0.13.0",
    "cuequivariance-ops-torch-cu13==0.13.0",
)
OWN_NAMES = {"mace": "small"}
"""What the authors of each potential call the weights that its environment gets."""


def make(
    name: str,
    *,
    weights: Path | None = None,
    is_cuda: bool = False,
    tell: Callable[[str], None] = print,
) -> Path:
    """Build an environment, or complete one that is there; doing it twice changes nothing.

    Args:
        name: Of a known environment.
        weights: A file to take instead of downloading.
        is_cuda: Install torch for NVIDIA's GPUs, and cuEquivariance.
        tell: Called with what is being done.

    Returns:
        Its folder.

    Raises:
        ConfigError: There is no such environment, or a package cannot be installed.
        CheckpointError: The weights are others than expected, or cannot be fetched.
    """
    if name not in known_environments():
        raise ConfigError(
            f"There is no recipe for an environment {name!r}; there are those of "
            f"{', '.join(known_environments())}."
        )
    source = _verified_weights(name, weights, tell)  # before minutes of work
    place = place_of(name)
    python = place / "bin" / "python"
    if not python.exists():
        tell(f"making {place}")
        venv.create(place, with_pip=True)
    pins = place / "pins.txt"
    pins.write_text(pins_of(name), encoding="utf-8")
    torch = (TORCH_FOR_CUDA, "--index-url", CUDA_INDEX) if is_cuda else (TORCH,)
    tell("installing torch, which takes a while")
    _install(python, *torch)
    tell("installing pinned packages")
    _install(python, "--no-deps", "-r", str(pins))
    _install(python, "--no-deps", *_facet())
    if is_cuda:
        _install(python, "-c", str(pins), *CUEQUIVARIANCE)
    _put(source, weights_of(name))
    return place


def _facet() -> Sequence[str]:
    """What pip installs Facet from: this checkout, or the release that runs here."""
    if (CHECKOUT / "pyproject.toml").is_file():
        return ("-e", str(CHECKOUT))
    return (f"facet=={version('facet')}",)


def _install(python: Path, *what: str) -> None:
    _run(
        [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *what],
        "check the network, then run it again",
    )


def _verified_weights(name: str, given: Path | None, tell: Callable[[str], None]) -> Path:
    """Find the right weights: the given file, or those on this machine, or their authors'."""
    model = MODELS[OWN_NAMES[name]]
    file = given or stored(model)
    if file is None:
        tell(f"fetching the weights of {model.label}")
        file = fetched(model)
    found = sha256_of(file)
    if found != CHECKSUMS[name]:
        raise CheckpointError(
            f"{file} has SHA-256 {found} where {CHECKSUMS[name]} was expected; give the right "
            f"file, or name yours {name}:PATH#SHA256 if you trust it."
        )
    return file


def _put(source: Path, target: Path) -> None:
    """Copy a file into place, where it appears whole."""
    if target.exists() and target.samefile(source):
        return
    partial = target.with_suffix(".partial")
    shutil.copyfile(source, partial)
    partial.replace(target)


def _run(command: list[str], mend: str) -> str:
    """Run a program to its end and return what it printed.

    Raises:
        ConfigError: It failed.
    """
    # The command is made of constants, and paths of this installation or of the user.
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["it said nothing"]
        raise ConfigError(f"{command[0]} failed ({said[-1]}); {mend}.")
    return done.stdout.strip()


def told(line: str) -> None:
    """Tell people on standard error what is being done."""
    sys.stderr.write(f"{line}\n")
