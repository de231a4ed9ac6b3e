"""``facet``: the verbs, each of which imports what it needs only when it runs."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from workflows.cli.exits import MISTAKE

app = typer.Typer(
    name="facet",
    help="Relax crystals with a machine-learned potential and rank them by stability.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
)


LIBRARY_MISTAKE = 2
"""Exit code of the command-line library for a wrong option; here it means unfinished work."""


class Ended(SystemExit):
    """A verb that came to its own end; any other exit is the command-line library's."""


Candidates = Annotated[
    list[Path], typer.Argument(help="Files, folders or archives of crystals", show_default=False)
]
Potential = Annotated[str, typer.Option(help="Bundled name or path of a checkpoint")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document")]
Fmax = Annotated[float, typer.Option(help="Largest force of a converged crystal, eV/angstrom")]
Smax = Annotated[float, typer.Option(help="Largest stress of a converged crystal, GPa")]
MaxSteps = Annotated[int, typer.Option(help="Steps after which a crystal is given up")]
Limit = Annotated[int | None, typer.Option(min=1, help="Read at most this many crystals")]


@app.command()
def screen(
    candidates: Candidates,
    reference: Annotated[
        Path, typer.Option(help="Competing phases: crystals, or JSON of formation energies")
    ],
    elements: Annotated[
        Path | None, typer.Option(help="Elemental energies that formation energies count from")
    ] = None,
    potential: Potential = "facet-s",
    limit: Limit = None,
    max_above_hull: Annotated[float, typer.Option(help="Flag up to this distance, eV/atom")] = 0.05,
    fmax: Fmax = 0.05,
    smax: Smax = 0.1,
    max_steps: MaxSteps = 500,
    controls: Annotated[
        Path | None, typer.Option(help="JSON list of compounds known to exist, counted at the end")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write the table as a web page too")] = None,
    as_json: Json = False,
    strict: Annotated[bool, typer.Option(help="Exit with 3 when an input was rejected")] = False,
) -> None:
    """Relax candidates, measure their distance to the hull, and rank those worth DFT."""
    from facet.relaxation.settings import RelaxSettings
    from screening.rules import FlagRule
    from workflows.cli.screen import run_screen
    from workflows.settings import CampaignSettings

    settings = CampaignSettings(
        candidates=tuple(candidates),
        reference=reference,
        element_energies=elements,
        potential=potential,
        relax=RelaxSettings(fmax=fmax, smax=smax, max_steps=max_steps),
        rule=FlagRule(max_energy_above_hull=max_above_hull),
        limit=limit,
    )
    raise Ended(run_screen(settings, controls=controls, html=html, as_json=as_json, strict=strict))


@app.command()
def relax(
    candidates: Candidates,
    out: Annotated[Path | None, typer.Option(help="Write relaxed crystals here (.extxyz)")] = None,
    potential: Potential = "facet-s",
    limit: Limit = None,
    fmax: Fmax = 0.05,
    smax: Smax = 0.1,
    max_steps: MaxSteps = 500,
    fixed_cell: Annotated[bool, typer.Option(help="Relax positions only")] = False,
    as_json: Json = False,
    strict: Annotated[bool, typer.Option(help="Exit with 3 when an input was rejected")] = False,
) -> None:
    """Relax crystals in batches and print how each ended; no database is used."""
    from facet.relaxation.settings import RelaxSettings
    from workflows.cli.relax import RelaxRequest, run_relax

    settings = RelaxSettings(fmax=fmax, smax=smax, max_steps=max_steps, relax_cell=not fixed_cell)
    request = RelaxRequest(candidates, settings, potential, limit)
    raise Ended(run_relax(request, out=out, as_json=as_json, strict=strict))


@app.command()
def query(
    campaign: Annotated[
        str | None, typer.Option(help="Campaign id; the latest one if absent")
    ] = None,
    flagged: Annotated[bool, typer.Option("--flagged", help="Only candidates worth DFT")] = False,
    formula: Annotated[str | None, typer.Option(help="Reduced formula, e.g. SrTiO3")] = None,
    chemsys: Annotated[
        str | None, typer.Option(help="Elements joined by '-', e.g. O-Sr-Ti")
    ] = None,
    max_above_hull: Annotated[
        float | None, typer.Option(help="Largest distance to the hull, eV/atom")
    ] = None,
    status: Annotated[str | None, typer.Option(help="E.g. screened or rejected_input")] = None,
    limit: Limit = None,
    as_json: Json = False,
) -> None:
    """Print candidates of a campaign from the database, nearest to the hull first."""
    from workflows.cli.query import run_query

    conditions = {
        "campaign_id": campaign,
        "is_flagged": True if flagged else None,
        "formula": formula,
        "chemsys": chemsys,
        "max_energy_above_hull": max_above_hull,
        "status": status,
    }
    raise Ended(run_query(conditions, limit=limit, as_json=as_json))


@app.command()
def train(
    config: Annotated[Path, typer.Argument(help="YAML file with the settings of the run")],
    resume: Annotated[bool, typer.Option(help="Go on from the last saved state")] = False,
    as_json: Json = False,
) -> None:
    """Train a potential on label shards."""
    from workflows.cli.train import run_train

    raise Ended(run_train(config, resume=resume, as_json=as_json))


@app.command()
def evaluate(
    frames: Annotated[
        list[Path], typer.Argument(help="Label shards (.npz) or extxyz with energies and forces")
    ],
    potential: Potential = "facet-s",
    limit: Limit = None,
    max_pressure: Annotated[
        float | None, typer.Option(help="Leave out frames under more pressure than this, GPa")
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure the errors of a potential against labeled frames."""
    from workflows.cli.evaluate import run_evaluate

    raise Ended(
        run_evaluate(frames, potential, limit=limit, max_pressure=max_pressure, as_json=as_json)
    )


@app.command()
def doctor(as_json: Json = False) -> None:
    """Examine the installation; every line is ok, warning or broken, with the mend."""
    from workflows.cli.doctor import run_doctor

    raise Ended(run_doctor(as_json=as_json))


@app.command(name="import")
def import_weights(
    name: Annotated[str, typer.Argument(help="What to import: sevennet-0")],
    out: Annotated[Path, typer.Option(help="Checkpoint to write (.safetensors)")],
    source: Annotated[
        Path | None, typer.Option(help="The original's file; the installed package if absent")
    ] = None,
    radial: Annotated[
        str, typer.Option(help="mlp keeps the original, linear replaces its radial MLPs")
    ] = "mlp",
    num_basis: Annotated[
        int, typer.Option(min=1, help="Bessel functions of linear radial maps")
    ] = 8,
    as_json: Json = False,
) -> None:
    """Read the weights of another potential, from your own installation, into a checkpoint."""
    from workflows.cli.import_weights import run_import

    raise Ended(run_import(name, source, out, radial, num_basis, as_json=as_json))


def run() -> None:
    """Run the command line; a user's mistake ends in one sentence and exit code 1."""
    signal.signal(signal.SIGTERM, _leave)
    try:
        app()
    except Ended:
        raise
    except SystemExit as end:
        sys.exit(MISTAKE if end.code == LIBRARY_MISTAKE else end.code)
    except Exception as error:
        if not _is_ours(error):
            raise
        sys.stderr.write(f"{error}\n")
        sys.exit(MISTAKE)


def _leave(number: int, _frame: object) -> None:
    """Turn a signal into an ordinary exit, so that a private server is stopped."""
    sys.exit(128 + number)


def _is_ours(error: Exception) -> bool:
    """Whether an error was raised on purpose, with a sentence for the reader."""
    names = {f"{each.__module__}.{each.__name__}" for each in type(error).__mro__}
    ours = {"facet.errors.FacetError", "db.errors.DbError", "screening.errors.ScreeningError"}
    return bool(names & ours)


if __name__ == "__main__":
    run()
