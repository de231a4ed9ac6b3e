"""``facet``: the verbs, each of which imports what it needs only when it runs."""

from __future__ import annotations

import signal
import sys

import typer

from workflows.cli import (
    campaign_verbs,
    compare_verbs,
    db_verbs,
    dft_verbs,
    env_verbs,
    operation_verbs,
    potential_verbs,
    reference_verbs,
    spool_verbs,
    worker_verbs,
)
from workflows.cli.exits import MISTAKE
from workflows.cli.options import Ended

app = typer.Typer(
    name="facet",
    help="Relax crystals with a machine-learned potential and rank them by stability.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
)
for verb in (
    campaign_verbs.screen,
    campaign_verbs.flag,
    campaign_verbs.relax,
    campaign_verbs.query,
    compare_verbs.compare,
    operation_verbs.submit,
    operation_verbs.status,
    operation_verbs.pause,
    operation_verbs.resume,
    operation_verbs.cancel,
    operation_verbs.retry,
    operation_verbs.priority,
    operation_verbs.rescore,
    potential_verbs.label,
    potential_verbs.train,
    potential_verbs.evaluate,
    potential_verbs.doctor,
    worker_verbs.worker,
    dft_verbs.approve,
):
    app.command()(verb)
app.command(name="import")(potential_verbs.import_weights)
app.add_typer(db_verbs.app)
app.add_typer(env_verbs.app)
app.add_typer(dft_verbs.app)
app.add_typer(reference_verbs.app)
app.add_typer(spool_verbs.app)

LIBRARY_MISTAKE = 2
"""Exit code of the command-line library for a wrong option; here it means unfinished work."""


@app.callback()
def start() -> None:
    """Relax crystals with a machine-learned potential and rank them by stability."""
    from facet.memory import keep_freed_memory

    keep_freed_memory()


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
