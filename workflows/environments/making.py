"""Building an environment: an interpreter, pinned packages, Facet itself, and verified weights."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from importlib.metadata import version
from typing import TYPE_CHECKING

from facet.errors import CheckpointError, ConfigError
from workflows.comparison.peers import sha256_of
from workflows.environments.checks import CHECKSUMS, known_environments, pins_of, weights_of
from workflows.environments.places import CHECKOUT, place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

TORCH = "torch==2.13.0"
CUDA_INDEX = "https://download.pytorch.org/whl/cu130"
CUEQUIVARIANCE = ("cuequivariance-torch", "cuequivariance-ops-torch-cu13")
OWN_NAMES = {"mace": "small"}
FETCH = (
    "import sys; from mace.calculators.foundations_models import download_mace_mp_checkpoint\n"
    "print(download_mace_mp_checkpoint(sys.argv[1]))"
)


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
    if weights is not None:
        _verify(name, weights)  # before minutes of work
    place = place_of(name)
    python = place / "bin" / "python"
    if not python.exists():
        tell(f"making {place}")
        venv.create(place, with_pip=True)
    pins = place / "pins.txt"
    pins.write_text(pins_of(name), encoding="utf-8")
    index = ("--index-url", CUDA_INDEX) if is_cuda else ()
    tell("installing torch, which takes a while")
    _install(python, TORCH, *index)
    tell("installing pinned packages")
    _install(python, "--no-deps", "-r", str(pins))
    _install(python, "--no-deps", *_facet())
    if is_cuda:
        _install(python, *CUEQUIVARIANCE)
    _put_weights(name, python, weights, tell)
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


def _put_weights(name: str, python: Path, given: Path | None, tell: Callable[[str], None]) -> None:
    """Put verified weights in place, from a file or from where their authors keep them."""
    target = weights_of(name)
    if given is None and target.is_file() and sha256_of(target) == CHECKSUMS[name]:
        return
    if given is None:
        tell(f"fetching the weights {OWN_NAMES[name]!r}")
        mend = f"check the network, or run `facet env make {name} --weights PATH`"
        said = _run([str(python), "-c", FETCH, OWN_NAMES[name]], mend)
        given = target.with_name(said.splitlines()[-1])  # an absolute path stays itself
    _verify(name, given)
    partial = target.with_suffix(".partial")
    shutil.copyfile(given, partial)
    partial.replace(target)


def _verify(name: str, file: Path) -> None:
    found = sha256_of(file)
    if found != CHECKSUMS[name]:
        raise CheckpointError(
            f"{file} has SHA-256 {found} where {CHECKSUMS[name]} was expected; give the right "
            f"file, or name yours {name}:PATH#SHA256 if you trust it."
        )


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
