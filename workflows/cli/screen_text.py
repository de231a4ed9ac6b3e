"""A screened campaign as people read it on a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from workflows.cli.tables import print_candidates

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


def print_screened(document: Mapping[str, Any], html: Path | None) -> None:
    """Print rejects, the ranked table and the numbers.

    Args:
        document: What ``facet screen --json`` prints.
        html: The web page, if one was written.
    """
    for each in document["rejected"]:
        sys.stdout.write(f"rejected: {each['rejection']}\n")
    for reason in document["omitted_phases"].values():
        sys.stdout.write(f"left off the hull: {reason}\n")
    hull = document["summary"]["hull"]
    print_candidates(
        f"Campaign {document['campaign_id']}: candidates worth DFT, by distance to {hull}",
        document["candidates"],
    )
    for line in _numbers(document):
        sys.stdout.write(f"{line}\n")
    if html is not None:
        sys.stdout.write(f"Web page: {html}\n")


def _numbers(document: Mapping[str, Any]) -> Iterator[str]:
    counts, summary, run = document["counts"], document["summary"], document["run"]
    ends = ", ".join(
        f"{count} {name.removeprefix('end_')}"
        for name, count in counts.items()
        if name.startswith("end_")
    )
    yield (
        f"{counts['candidates']} candidates: {counts['flagged']} flagged, "
        f"{counts['rejected_input']} rejected; ended: {ends or 'none'}; "
        f"median steps {summary['median_steps_converged']}."
    )
    yield (
        f"{counts['reference_phases']} competing phases, "
        f"{counts['reference_phases_omitted']} left off the hull, "
        f"{counts['reference_rejected_input']} rejected."
    )
    yield (
        f"{run['num_relaxed']} crystals relaxed now, {run['num_already_relaxed']} were relaxed "
        f"already; {run['wall_time_seconds']} s."
    )
    if "controls" in summary:
        yield _controls(summary["controls"])
    for name, scores in (summary["known_outcome"] or {}).items():
        near = scores["near_hull"]
        yield (
            f"Known outcome ({name}, {scores['num']} rows): flag precision "
            f"{_share(near['precision'])}, recall {_share(near['recall'])}, prevalence "
            f"{_share(near['prevalence'])}."
        )


def _controls(found: Mapping[str, Any]) -> str:
    absent = f"; {found['num_absent']} not among the candidates" if found["num_absent"] else ""
    missed = ", ".join(found["missed"]) or "none"
    return (
        f"Blind controls (known to exist, unmarked): {found['num_recovered']} of "
        f"{found['num_controls']} recovered{absent}; missed: {missed}."
    )


def _share(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.2f}"
