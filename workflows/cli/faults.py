"""How a command that cannot go on says so: a mistake in a sentence, a fault of ours in two."""

from __future__ import annotations

import os
import re
import signal
import sys
import traceback

from workflows.cli.exits import FAULT, KILLED_BY_SIGNAL, MISTAKE

DEBUG = "--debug"
DEBUG_VARIABLE = "FACET_DEBUG"
OFF = frozenset({"", "0", "false", "no", "off"})
LONGEST_MESSAGE = 300
A_LOGIN = re.compile(r"://[^/@\s]*@")
"""User and password of a URL."""

# Errors are told apart by name: importing their classes takes longer than most verbs run.
OURS = {"facet.errors.FacetError", "db.errors.DbError", "screening.errors.ScreeningError"}
OUT_OF_MEMORY = {"builtins.MemoryError", "torch.OutOfMemoryError"}
OF_THE_DRIVER = "pymongo.errors.PyMongoError"


def take_debug(arguments: list[str]) -> tuple[list[str], bool]:
    """Take ``--debug`` out of a command line, wherever in it it stands.

    Returns:
        The other arguments; whether tracebacks are wanted, by the option or by FACET_DEBUG.
    """
    end = arguments.index("--") if "--" in arguments else len(arguments)
    options, rest = arguments[:end], arguments[end:]
    is_wanted = os.environ.get(DEBUG_VARIABLE, "").strip().lower() not in OFF
    others = [each for each in options if each != DEBUG]
    return [*others, *rest], is_wanted or len(others) < len(options)


def tell(error: Exception, *, is_debugging: bool) -> int:
    """Say on standard error what ended a command, and return the exit code.

    Args:
        error: What was raised.
        is_debugging: Show the traceback too.
    """
    if isinstance(error, BrokenPipeError):  # nobody reads on
        _stop_writing()
        return KILLED_BY_SIGNAL + signal.SIGPIPE
    if is_debugging:
        sys.stderr.write(without_logins("".join(traceback.format_exception(error))))
    mistake = mistake_of(error)
    text = fault_of(error) if mistake is None else mistake
    if text:
        sys.stderr.write(f"{without_logins(text)}\n")
    return FAULT if mistake is None else MISTAKE


def mistake_of(error: Exception) -> str | None:
    """Say what a user can mend; None where the fault is Facet's own."""
    names = {f"{each.__module__}.{each.__name__}" for each in type(error).__mro__}
    said = None
    if hasattr(error, "format_message"):  # raised by the command-line library
        said = _of_usage(str(error.format_message()), getattr(error, "ctx", None))
    elif names & OURS:
        said = str(error)
    elif names & OUT_OF_MEMORY:
        said = "There is not enough memory for this: give fewer crystals at once, or --limit."
    elif OF_THE_DRIVER in names:
        said = (
            f"The database did not do what it was asked ({type(error).__name__}): see with "
            "`facet doctor` whether it works, then give the same command again."
        )
    elif isinstance(error, OSError):
        said = _of_system(error)
    elif isinstance(error, ImportError):
        said = f"{_first_line(error)}; `facet doctor` says what is to be installed."
    return said


def fault_of(error: Exception) -> str:
    """Say that Facet is at fault, and how to find where."""
    return (
        f"{type(error).__name__}: {_first_line(error)}. This is a fault of Facet, not of your "
        f"input; the same command with {DEBUG} shows where it is."
    )


def without_logins(text: str) -> str:
    """Take user names and passwords out of the URLs of a text."""
    return A_LOGIN.sub("://", text)


def _of_usage(said: str, context: object) -> str:
    """The sentence of the command-line library, and where to read on."""
    said = said.strip()
    if context is None or not said or "\n" in said:  # a command without its verb: this is the help
        return said
    text = " ".join(said.split()).partition(", unable to parse")[0]
    ending = "" if text.endswith((".", "?")) else "."
    path = getattr(context, "command_path", "facet")
    return f"{text}{ending} `{path} --help` shows what it takes."


def _of_system(error: OSError) -> str:
    """A file, a folder, a disk or a port that the system refuses."""
    reason = error.strerror or _first_line(error)
    if error.filename is None:
        return f"The system refused ({reason}): mend that, then give the same command again."
    return f"{error.filename} cannot be used ({reason}): check its name and your rights to it."


def _first_line(error: Exception) -> str:
    """The first line of a message, cut where it becomes long."""
    lines = str(error).strip().splitlines() or ["no message"]
    return lines[0][:LONGEST_MESSAGE].rstrip(".")


def _stop_writing() -> None:
    """Let what is still in the buffer of standard output go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
