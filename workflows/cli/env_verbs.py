"""The verbs about environments beside this one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workflows.cli.options import Ended, Json

app = typer.Typer(
    name="env",
    help="Environments of potentials that cannot share Facet's own.",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(help="Of the environment, e.g. mace", show_default=False)]


@app.command(name="list")
def list_environments(as_json: Json = False) -> None:
    """Print which environments are known and where they are."""
    from workflows.cli.env import run_list

    raise Ended(run_list(as_json=as_json))


@app.command()
def check(
    name: Annotated[str, typer.Argument(help="Of the environment")] = "mace", as_json: Json = False
) -> None:
    """Say what is missing in an environment, or that it works."""
    from workflows.cli.env import run_check

    raise Ended(run_check(name, as_json=as_json))


@app.command()
def make(
    name: Name,
    cuda: Annotated[bool, typer.Option("--cuda", help="For NVIDIA's GPUs")] = False,
    weights: Annotated[
        Path | None, typer.Option(help="Take this file of weights instead of downloading")
    ] = None,
    as_json: Json = False,
) -> None:
    """Build an environment, or complete one that is there."""
    from workflows.cli.env import run_make

    raise Ended(run_make(name, weights=weights, cuda=cuda, as_json=as_json))
