"""Writes docs/commands.md: every verb of ``facet`` with its options, and the exit codes.

python docs/generate_commands.py [--out docs/commands.md]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from workflows.cli.exits import MEANINGS
from workflows.cli.main import app

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).with_name("commands.md")
HEAD = """\
# Commands

Written by `python docs/generate_commands.py` from the command line itself; change the help texts
in `workflows/cli/`, not this page. `facet VERB --help` prints the same.

Every verb prints its result on standard output and all else on standard error. With `--json` the
result is one JSON document. What takes longer than two seconds says how far it is: a line that is
written over itself on a terminal, a line now and then elsewhere.

A mistake is told in one or two sentences that say how to mend it. `--debug`, before or after the
verb, or `FACET_DEBUG=1`, shows the traceback too.

`facet --install-completion` lets your shell complete verbs and options; `facet --show-completion`
prints what it would install.
"""


def main() -> int:
    """Write the page."""
    parser = argparse.ArgumentParser(description="Write the page of all commands.")
    parser.add_argument("--out", type=Path, default=PAGE)
    parser.parse_args().out.write_text(page(), encoding="utf-8")
    return 0


def page() -> str:
    """The whole page."""
    verbs: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    return "\n".join([HEAD, *_exit_codes(), *_contents(verbs), *_sections(verbs)])


def _exit_codes() -> Iterator[str]:
    yield "## Exit codes\n"
    yield from _table(["code", "meaning"], [[code, text] for code, text in MEANINGS.items()])


def _contents(verbs: dict[str, Any]) -> Iterator[str]:
    yield "## Verbs\n"
    rows = []
    for name, verb in verbs.items():
        parts = ", ".join(f"`{each}`" for each in getattr(verb, "commands", ()))
        rows.append([f"[`{name}`](#facet-{name})", verb.help + (f" ({parts})" if parts else "")])
    yield from _table(["verb", "what it does"], rows)


def _sections(verbs: dict[str, Any]) -> Iterator[str]:
    for name, verb in verbs.items():
        yield f"## facet {name}\n"
        yield f"{verb.help}\n"
        parts = getattr(verb, "commands", None)
        if parts is None:
            yield from _parameters(f"facet {name}", verb.params)
            continue
        for part_name, part in parts.items():
            yield f"### facet {name} {part_name}\n"
            yield f"{part.help}\n"
            yield from _parameters(f"facet {name} {part_name}", part.params)


def _parameters(call: str, params: list[Any]) -> Iterator[str]:
    """How a verb is called, and its arguments and options."""
    shown = [each for each in params if not each.hidden and each.name != "help"]
    yield "```\n" + " ".join([call, *_pieces(shown)]) + "\n```\n"
    rows = [[_names(each), each.help or "", _default(each)] for each in shown]
    if rows:
        yield from _table(["", "meaning", "default"], rows)


def _pieces(params: list[Any]) -> Iterator[str]:
    """Arguments and required options in order, then a word for the rest."""
    for each in params:
        if each.param_type_name == "argument":
            text = each.name.upper() + ("..." if each.nargs == -1 else "")
            yield text if each.required else f"[{text}]"
        elif each.required:
            yield f"{each.opts[0]} {_value(each)}"
    if any(each.param_type_name == "option" and not each.required for each in params):
        yield "[OPTIONS]"


def _names(param: Any) -> str:  # noqa: ANN401 (its class moves from release to release)
    """An argument, or an option with its value, as it is written on the command line."""
    if param.param_type_name == "argument":
        return f"`{param.name.upper()}`"
    names = ", ".join(f"`{each}`" for each in [*param.opts, *param.secondary_opts])
    return names if param.is_flag else f"`{param.opts[0]} {_value(param)}`"


def _value(param: Any) -> str:  # noqa: ANN401 (its class moves from release to release)
    return str(param.opts[0]).removeprefix("--").replace("-", "_").upper()


def _default(param: Any) -> str:  # noqa: ANN401 (its class moves from release to release)
    if param.required:
        return "required"
    if getattr(param, "multiple", False):
        return "may be repeated"
    if param.default is None or param.default == "" or getattr(param, "is_flag", False):
        return ""
    return f"`{param.default}`"


def _table(headings: list[str], rows: list[list[str]]) -> Iterator[str]:
    yield f"| {' | '.join(headings)} |"
    yield "|" + "---|" * len(headings)
    for row in rows:
        yield f"| {' | '.join(each.replace('|', chr(92) + '|') for each in row)} |"
    yield ""


if __name__ == "__main__":
    sys.exit(main())
