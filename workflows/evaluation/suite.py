"""The suite: every part that a potential is measured by, in one document."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

from facet.errors import ConfigError, DataError
from screening.errors import MixedSchemes
from screening.json_files import read_json
from screening.schemes import UNCORRECTED
from workflows.evaluation.dimers import measure_dimers
from workflows.evaluation.discovery import measure_discovery
from workflows.evaluation.elasticity import measure_elasticity
from workflows.evaluation.frames import measure_dft_frames
from workflows.evaluation.smoothness import measure_smoothness

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from facet.potential import Potential

    Part = Callable[[Potential, Path, int | None], dict[str, Any]]

PARTS: Mapping[str, Part] = {
    "frames": measure_dft_frames,
    "dimers": measure_dimers,
    "elasticity": measure_elasticity,
    "smoothness": measure_smoothness,
    "wbm": measure_discovery,
}
"""What the suite holds, in the order of its table."""


def check_parts(parts: Sequence[str]) -> None:
    """Refuse a part that the suite does not have.

    Raises:
        ConfigError: Names it and those that there are.
    """
    unknown = [each for each in parts if each not in PARTS]
    if unknown:
        raise ConfigError(
            f"The suite has no part {', '.join(unknown)}; choose from {', '.join(PARTS)}."
        )


def run_suite(
    potential: Potential,
    name: str,
    data: Path,
    *,
    parts: Sequence[str] = tuple(PARTS),
    limit: int | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Measure a potential by every part.

    Args:
        potential: The potential.
        name: What the table calls it.
        data: Folder of the DFT data.
        parts: Which parts to run.
        limit: Frames, dimers or crystals of each row at most; None takes all.
        tell: Is told in a word what begins.

    Raises:
        ConfigError: There is no such part.
        DataError: There is no such folder.
        MixedSchemes: The potential's energies are not of the scheme of the DFT data.
    """
    check_parts(parts)
    if not data.is_dir():
        raise DataError(f"There is no folder {data}; give the one of the DFT data by --data.")
    if potential.energy_scheme != UNCORRECTED:
        raise MixedSchemes(
            f"The suite's DFT energies are of scheme '{UNCORRECTED}', those of {name} of scheme "
            f"'{potential.energy_scheme}': their difference says nothing."
        )
    measured, seconds = {}, {}
    for part in parts:
        tell(part)
        started = perf_counter()
        measured[part] = PARTS[part](potential, data, limit)
        seconds[part] = round(perf_counter() - started, 1)
    return {
        "name": name,
        "fingerprint": potential.fingerprint,
        "energy_scheme": potential.energy_scheme,
        "seconds": seconds,
        "parts": measured,
    }


def read_results(path: Path) -> list[dict[str, Any]]:
    """Read what an earlier run of the suite wrote.

    Raises:
        DataError: The file holds something else.
        ScreeningError: It cannot be read as JSON.
    """
    content = read_json(path)
    if not isinstance(content, dict) or content.get("suite") != "dft":
        raise DataError(f"{path} holds no results of `facet evaluate --suite dft`; check its path.")
    found: list[dict[str, Any]] = content["potentials"]
    return found


def joined(results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Join results; parts of one potential that were run apart come together, the first wins."""
    by_name: dict[tuple[str, str], dict[str, Any]] = {}
    for each in results:
        known = by_name.setdefault((each["name"], each["fingerprint"]), each)
        by_name[each["name"], each["fingerprint"]] = {
            **known,
            "parts": {**each["parts"], **known["parts"]},
            "seconds": {**each["seconds"], **known["seconds"]},
        }
    return {"suite": "dft", "potentials": list(by_name.values())}
