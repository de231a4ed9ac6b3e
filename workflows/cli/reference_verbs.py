"""``facet reference``: verbs about the phases that candidates compete with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workflows.cli.options import Ended, Json

app = typer.Typer(
    name="reference",
    help="Named references: the phases that candidates compete with.",
    no_args_is_help=True,
)

Sources = Annotated[
    list[str] | None,
    typer.Argument(
        help="JSON files of pymatgen entries or of {id: {formula, e_form}}, or campaign:ID",
        show_default=False,
    ),
]
Systems = Annotated[
    list[str] | None,
    typer.Option("--materials-project", help="Chemical system to fetch, such as Li-Mn-O"),
]
KeyFrom = Annotated[
    str, typer.Option("--key-from", help="Environment variable with your Materials Project key")
]
Elements = Annotated[
    Path | None,
    typer.Option("--element-energies", help="Zeros of formation energies, if not beside the file"),
]
Date = Annotated[str | None, typer.Option(help="When the energies were compiled")]
License = Annotated[
    str | None, typer.Option("--license", help="Terms under which the energies are given")
]
Complete = Annotated[bool, typer.Option("--all-known", help="These are all phases that are known")]


@app.command()
def build(
    name: Annotated[str, typer.Option(help="Name of the reference", show_default=False)],
    sources: Sources = None,
    materials_project: Systems = None,
    key_from: KeyFrom = "MP_API_KEY",
    element_energies: Elements = None,
    date: Date = None,
    license_: License = None,
    all_known: Complete = False,
    as_json: Json = False,
) -> None:
    """Make a reference of energies and store it under a name."""
    from workflows.cli.reference import asked_sources, run_build

    asked = asked_sources(sources, materials_project, key_from, element_energies)
    said = asked.saying(date, license_, is_complete=all_known)
    raise Ended(run_build(name, said, as_json=as_json))


@app.command()
def show(
    reference: Annotated[str, typer.Argument(help="Name or id", show_default=False)],
    chemsys: Annotated[
        str | None, typer.Option(help="Show the phases of a chemical system, such as Li-Mn-O")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what a reference is and, with --chemsys, which phases it holds there."""
    from workflows.cli.reference import run_show

    raise Ended(run_show(reference, chemsys, as_json=as_json))


@app.command(name="list")
def list_(as_json: Json = False) -> None:
    """List every stored reference."""
    from workflows.cli.reference import run_list

    raise Ended(run_list(as_json=as_json))


@app.command()
def update(
    name: Annotated[str, typer.Argument(help="Name of a stored reference", show_default=False)],
    sources: Sources = None,
    materials_project: Systems = None,
    key_from: KeyFrom = "MP_API_KEY",
    element_energies: Elements = None,
    date: Date = None,
    license_: License = None,
    all_known: Complete = False,
    diff: Annotated[
        bool, typer.Option("--diff", "--dry-run", help="Only show what would change; write nothing")
    ] = False,
    as_json: Json = False,
) -> None:
    """Bring a reference to the content of newer sources; campaigns keep the one they had."""
    from workflows.cli.reference import asked_sources, run_update

    asked = asked_sources(sources, materials_project, key_from, element_energies)
    said = asked.saying(date, license_, is_complete=all_known)
    raise Ended(run_update(name, said, is_dry_run=diff, as_json=as_json))
