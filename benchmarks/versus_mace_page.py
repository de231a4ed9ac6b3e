"""Write the figures of ``docs/versus-mace.md`` from the files that were measured.

    python benchmarks/versus_mace_page.py [--report report.json] [--check]

``--report`` takes what ``facet compare --json`` printed and keeps its summary beside the other
results. Tables stand between ``<!-- begin NAME -->`` and ``<!-- end NAME -->``; the words around
them are written by hand. ``--check`` changes nothing and fails where the page is out of date.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from machine import ROOT
from versus_mace_tables import (
    error_table,
    flip_lines,
    opinion_table,
    outcome_table,
    parameters_line,
    protocol_table,
    speed_table,
    weights_line,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

RESULTS = ROOT / "benchmarks" / "results"
SPEED = RESULTS / "versus-mace-cpu.json"
OPINIONS = RESULTS / "versus-mace-opinions.json"
PAGE = ROOT / "docs" / "versus-mace.md"


def main() -> None:
    """Bring the page up to date, or say whether it is."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--report", type=Path, help="what facet compare printed")
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    if given.report:
        kept = summarized(json.loads(given.report.read_text()))
        OPINIONS.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    before = PAGE.read_text(encoding="utf-8")
    after = rewritten(before, json.loads(SPEED.read_text()), json.loads(OPINIONS.read_text()))
    if given.check:
        sys.exit(0 if after == before else f"{PAGE.name} is not what the results say.")
    PAGE.write_text(after, encoding="utf-8")


def rewritten(page: str, speed: Mapping[str, Any], opinions: Mapping[str, Any]) -> str:
    """Put the tables of today into a page."""
    blocks: dict[str, Callable[[], Iterable[str]]] = {
        "weights": lambda: weights_line(speed, opinions),
        "protocol": lambda: protocol_table(speed),
        "speed": lambda: speed_table(speed, opinions),
        "parameters": lambda: parameters_line(speed),
        "errors": lambda: error_table(speed),
        "opinions": lambda: opinion_table(opinions),
        "flips": lambda: flip_lines(opinions),
        "outcomes": lambda: outcome_table(opinions),
    }
    for name, lines in blocks.items():
        place = re.compile(rf"(<!-- begin {name} -->\n).*?(<!-- end {name} -->)", re.DOTALL)
        text = "\n".join(["", *lines(), "", ""])
        page, number = place.subn(lambda found, text=text: f"{found[1]}{text}{found[2]}", page)
        if number != 1:
            sys.exit(f"{PAGE.name} has {number} places for {name!r} where one is needed.")
    return page


def summarized(report: Mapping[str, Any]) -> dict[str, Any]:
    """A paired report without the rows of single crystals, but with those that differ most."""
    (pair,) = report["pairs"]
    known = [each for each in pair["crystals"] if each.get("energy_difference") is not None]
    most = sorted(known, key=lambda each: -abs(each["energy_difference"]))[:5]
    names = ("material_id", "formula_pretty", "energy_difference", "volume_change")
    keys = (*names, "energy_above_hull")
    kept = {
        **{name: pair[name] for name in ("first", "other", "summary")},
        "alignment": {k: v for k, v in pair["alignment"].items() if not k.startswith("shifts")},
        "differ_most": [{key: each.get(key) for key in keys} for each in most],
    }
    potentials = [{k: v for k, v in each.items() if k != "name"} for each in report["potentials"]]
    plain = ("num_candidates", "relax_settings", "speed", "known_outcomes")
    return {**{k: report[k] for k in plain}, "potentials": potentials, "pairs": [kept]}


if __name__ == "__main__":
    main()
