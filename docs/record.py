"""Run the commands that the pages show, and write down what they said.

    python docs/record.py docs/quick-start.md

A command stands in a page as ``<!-- run: facet status -->`` and what it printed in the fenced block
behind it, which this program replaces. Commands run one after another in one new folder, with a
database of their own, as a new user would type them. ``<!-- run 12: ... -->`` keeps the first 12
lines.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STEP = re.compile(
    r"<!-- run(?: (?P<lines>\d+))?: (?P<command>.+?) -->\n+```text\n.*?```", re.DOTALL
)
SECONDS = 1200


def main() -> None:
    """Fill the pages named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pages", nargs="+", type=Path)
    for page in parser.parse_args().pages:
        with tempfile.TemporaryDirectory(prefix="facet-pages-") as folder:
            page.write_text(filled(page.read_text(), Path(folder)))


def filled(text: str, folder: Path) -> str:
    """Return a page with what its commands print when they run in a folder."""

    def replace(found: re.Match[str]) -> str:
        said = output_of(found["command"], folder)
        lines = said.splitlines()
        limit = int(found["lines"] or len(lines))
        shown = [*lines[:limit], "..."] if len(lines) > limit else lines
        head = found.group(0).split("```text\n")[0]
        typed = found["command"].replace("{root}/", "")
        return f"{head}```text\n$ {typed}\n" + "\n".join(shown) + "\n```"

    return STEP.sub(replace, text)


def output_of(command: str, folder: Path) -> str:
    """Run one command of a page, and return what a terminal of 100 columns would show."""
    environment = {
        **os.environ,
        "FACET_HOME": str(folder / "home"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "100",
        "OMP_NUM_THREADS": "1",
    }
    words = [each.replace("{root}", str(ROOT)) for each in shlex.split(command)]
    ended = subprocess.run(  # noqa: S603 (commands of our own pages)
        words,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    print(f"{ended.returncode:3d}  {command}", file=sys.stderr)
    said = (ended.stdout + ended.stderr).replace(str(folder), ".").replace(str(ROOT), "facet")
    return "\n".join(line.rstrip() for line in said.strip().splitlines())


if __name__ == "__main__":
    main()
