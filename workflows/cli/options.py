"""Options that several verbs share, and how a verb ends."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from workflows.settings import Named


class Ended(SystemExit):
    """A verb that came to its own end; any other exit is the command-line library's."""


Candidates = Annotated[
    list[Path], typer.Argument(help="Files, folders or archives of crystals", show_default=False)
]
Reference = Annotated[
    str,
    typer.Option(
        help="Competing phases: crystals, JSON of formation energies, or the name of a stored "
        "reference",
        show_default=False,
    ),
]
Elements = Annotated[
    Path | None,
    typer.Option(
        "--element-energies",
        "--elements",
        help="Elemental energies that formation energies count from",
    ),
]
ShardSize = Annotated[int, typer.Option(min=1, help="Crystals that one job relaxes")]
Strict = Annotated[bool, typer.Option("--strict", help="Exit with 3 when an input was rejected")]
Potential = Annotated[str, typer.Option(help="Bundled name, path of a checkpoint, or mace:PATH")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document")]
Fmax = Annotated[float, typer.Option(help="Largest force of a converged crystal, eV/angstrom")]
Smax = Annotated[float, typer.Option(help="Largest stress of a converged crystal, GPa")]
MaxSteps = Annotated[int, typer.Option(help="Steps after which a crystal is given up")]
Limit = Annotated[int | None, typer.Option(min=1, help="Read at most this many crystals")]
MaxAboveHull = Annotated[
    float | None,
    typer.Option(help="Flag up to this distance, eV/atom; 0.05 if absent", show_default=False),
]
Rule = Annotated[Path | None, typer.Option(help="Flag rule as YAML, in place of --max-above-hull")]


def asked_reference(text: str) -> Path | Named:
    """Return the file or folder of that name if there is one, else what the database names so."""
    from workflows.settings import Named  # start-up time: it brings the potential's settings

    path = Path(text)
    return path if path.exists() else Named(text)
