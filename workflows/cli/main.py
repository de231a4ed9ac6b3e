"""``facet``: the verbs, each of which imports what it needs only when it runs."""

from __future__ import annotations

import signal
import sys
from typing import Annotated, Any

import typer

from workflows.cli import (
    campaign_verbs,
    compare_verbs,
    db_verbs,
    dft_verbs,
    env_verbs,
    faults,
    operation_verbs,
    plan_verbs,
    potential_verbs,
    reference_verbs,
    report_verbs,
    serve_verbs,
    spool_verbs,
    stability_verbs,
    worker_verbs,
)
from workflows.cli.exits import KILLED_BY_SIGNAL, MEANINGS
from workflows.cli.options import Ended

HELP = "--help"
INTERRUPTED = KILLED_BY_SIGNAL + signal.SIGINT
EPILOG = (
    f"Exit codes: {'; '.join(f'{code} {meaning}' for code, meaning in MEANINGS.items())}.\n\n"
    f"{faults.DEBUG} may stand before or after the verb; {faults.DEBUG_VARIABLE}=1 does the same."
)

app = typer.Typer(
    name="facet",
    help="Relax crystals with a machine-learned potential and rank them by stability.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
)
for verb in (
    campaign_verbs.screen,
    campaign_verbs.flag,
    campaign_verbs.relax,
    plan_verbs.plan,
    campaign_verbs.query,
    stability_verbs.stability,
    compare_verbs.compare,
    report_verbs.report,
    serve_verbs.serve,
    operation_verbs.submit,
    operation_verbs.status,
    plan_verbs.account,
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


@app.callback()
def start(
    _debug: Annotated[
        bool, typer.Option(faults.DEBUG, help="Show where a mistake or a fault was met")
    ] = False,
) -> None:
    """Relax crystals with a machine-learned potential and rank them by stability."""
    from facet.memory import keep_freed_memory

    keep_freed_memory()


def run() -> None:
    """Run the command line: a mistake ends it in a sentence, a fault of Facet in two."""
    signal.signal(signal.SIGTERM, _leave)
    arguments, is_debugging = faults.take_debug(sys.argv[1:])
    try:
        code = _call(arguments)
        sys.stdout.flush()  # here, where a reader who has left is understood
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except Exception as error:  # noqa: BLE001 (whatever it is, a user is told in words)
        code = faults.tell(error, is_debugging=is_debugging)
    sys.exit(code)


def _call(arguments: list[str]) -> int:
    """Run a verb and return the exit code."""
    command: Any = typer.main.get_command(app)
    words = ["facet"]
    # Help needs no group above its verb, whose options take a tenth of a second to understand.
    while HELP in arguments and arguments[0] in getattr(command, "commands", ()):
        command = command.commands[arguments[0]]
        words.append(arguments[0])
        arguments = arguments[1:]
    try:
        code = command.main(args=arguments, prog_name=" ".join(words), standalone_mode=False)
        return int(code or 0)
    except Ended as end:
        return int(end.code or 0)


def _leave(number: int, _frame: object) -> None:
    """Turn a signal into an ordinary exit, so that a private server is stopped."""
    sys.exit(KILLED_BY_SIGNAL + number)


if __name__ == "__main__":
    run()
