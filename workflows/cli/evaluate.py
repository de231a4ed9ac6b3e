"""``facet evaluate``."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facet.errors import ConfigError, DataError
from facet.training.evaluate import compare
from workflows.cli.progress import working
from workflows.cli.tables import plain_json, print_json, print_table
from workflows.evaluation.frames import report, usable_frames
from workflows.evaluation.parity import write_parity_plot
from workflows.evaluation.sample import sample
from workflows.evaluation.suite import PARTS, check_parts, joined, read_results, run_suite
from workflows.evaluation.table import markdown
from workflows.potentials import resident_potential
from workflows.progress import report as report_progress

if TYPE_CHECKING:
    from facet.potential import Potential

NUM_WORST = 10
"""Elements that the text shows; JSON holds all."""


@dataclass(frozen=True)
class FramesRequest:
    """What is measured against files of frames.

    Attributes:
        paths: Label shards or extended XYZ files.
        limit: Frames of each file at most, drawn by a fixed seed; None takes all.
        max_pressure: Frames under more pressure are left out, in GPa; None keeps all.
        plots: Folder of parity plots; None draws none.
    """

    paths: tuple[Path, ...]
    limit: int | None = None
    max_pressure: float | None = None
    plots: Path | None = None


@dataclass(frozen=True)
class SuiteRequest:
    """What is run of the suite.

    Attributes:
        suite: Its name.
        data: Folder of the DFT data.
        parts: Parts to run; empty for all.
        limit: Frames, dimers or crystals of each row at most; None takes all.
        out: Folder for the table and the document; None writes no file.
        beside: Documents of earlier runs whose columns or parts stand in the same table.
    """

    suite: str
    data: Path
    parts: tuple[str, ...] = ()
    limit: int | None = None
    out: Path | None = None
    beside: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a suite or a part that does not exist."""
        if self.suite != "dft":
            raise ConfigError(f"There is no suite {self.suite!r}; the one there is is called dft.")
        check_parts(self.parts)


def run_frames(request: FramesRequest, potential_name: str, *, as_json: bool) -> int:
    """Measure a potential against each file of frames and return the exit code.

    Args:
        request: The frames.
        potential_name: Bundled name or path.
        as_json: Print JSON instead of tables.

    Raises:
        DataError: A file holds no usable frame, or the plots cannot be written.
    """
    potential = resident_potential(potential_name)
    if request.plots is not None:
        _make_folder(request.plots)
    rows = [_measured(request, path, potential) for path in request.paths]
    if as_json:
        print_json({"fingerprint": potential.fingerprint, "results": rows})
        return 0
    sys.stdout.write("Energies meV/atom, forces meV/angstrom, stress GPa.\n")
    _print_errors(f"Errors of {potential_name}", {row["frames"]: row for row in rows})
    for row in rows:
        _print_errors(f"{row['frames']} by chemical family", row["families"])
        worst = sorted(row["elements"].items(), key=lambda item: -item[1]["energy_mae"])
        _print_errors(
            f"{row['frames']}: elements in whose frames the energy is worst",
            dict(worst[:NUM_WORST]),
        )
    return 0


def run_dft_suite(request: SuiteRequest, potential_name: str, *, as_json: bool) -> int:
    """Run the suite, print its table, and return the exit code.

    Args:
        request: What to run.
        potential_name: Bundled name or path.
        as_json: Print JSON instead of the table.

    Raises:
        DataError: The data are not there, or the folder cannot be written.
    """
    earlier = [each for path in request.beside for each in read_results(path)]
    if request.out is not None:
        _make_folder(request.out)
    result = run_suite(
        resident_potential(potential_name),
        Path(potential_name).name,
        request.data,
        parts=request.parts or tuple(PARTS),
        limit=request.limit,
        tell=_announce,
    )
    document = joined([result, *earlier])
    if request.out is not None:
        (request.out / "suite-dft.json").write_text(plain_json(document))
        (request.out / "suite-dft.md").write_text(markdown(document))
    if as_json:
        print_json(document)
    else:
        sys.stdout.write(markdown(document))
    return 0


def _measured(request: FramesRequest, path: Path, potential: Potential) -> dict[str, Any]:
    with working(f"reading {path.name}"):
        frames = usable_frames(path, potential, request.max_pressure)
        comparison = compare(potential, sample(frames, request.limit), report_progress)
    if request.plots is not None:
        picture = request.plots / f"parity-{path.name.split('.')[0]}.png"
        write_parity_plot(comparison, path.name, picture)
    return {"frames": path.name, **report(comparison)}


def _announce(part: str) -> None:
    sys.stderr.write(f"Measuring {part}.\n")


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(
            f"{path} cannot be made ({error.strerror}): choose a folder of yours."
        ) from error


def _print_errors(title: str, rows: dict[str, dict[str, Any]]) -> None:
    headings = [
        key for key in next(iter(rows.values())) if key not in {"frames", "families", "elements"}
    ]
    print_table(
        title,
        ["frames", *headings],
        [[name, *(row[key] for key in headings)] for name, row in rows.items()],
    )
