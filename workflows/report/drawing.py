"""The pictures of a report, made of its document and its diagrams."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from workflows.report.charts.bars import Bar, Counted, horizontal, over_time
from workflows.report.charts.binary import binary
from workflows.report.charts.quaternary import quaternary
from workflows.report.charts.scatter import Dot, Group, parity, reliability, scatter
from workflows.report.charts.svg import formula
from workflows.report.charts.ternary import ternary
from workflows.report.scene import scene_svg

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workflows.report.charts.hulls import Diagram

MILLI = 1000.0
PERCENT = 100.0
UNITS = ((86_400.0 * 2, 86_400.0, "days"), (7200.0, 3600.0, "hours"), (120.0, 60.0, "minutes"))
"""From how many seconds on a unit is used, its seconds, its name."""

LAST_STEPS = ("flagged", "chosen within the budget", "calculated by DFT", "stable by DFT")
FARTHEST = 200.0
"""Distance in meV/atom that is drawn at most, so that single outliers do not flatten the rest."""


def pictures(document: Mapping[str, Any]) -> dict[str, Markup]:
    """Draw what there is something to draw of.

    Args:
        document: As ``contents_of`` makes it.
    """
    drawn = {
        "funnel": _funnel(document["funnel"]),
        "energy_volume": _energy_volume(document["energy_volume"]["points"]),
        "uncertainty": _uncertainty(document["uncertainty"]),
        "throughput": _throughput(document["throughput"]),
        "failures": _failures(document["failures"]),
    }
    accuracy = document["accuracy"]
    if accuracy:
        drawn |= {"parity": _parity(accuracy), "reliability": _reliability(accuracy["bins"])}
    return {name: Markup(each) for name, each in drawn.items() if each}  # noqa: S704 (all of it was escaped by charts.svg)


def diagram_pictures(diagrams: Sequence[Diagram]) -> list[dict[str, Any]]:
    """Draw hull diagrams; those of four elements hold the scene that can be turned, too."""
    return [_diagram_picture(each) for each in diagrams]


def _diagram_picture(diagram: Diagram) -> dict[str, Any]:
    drawn = {"chemsys": "-".join(diagram.elements), "size": len(diagram.elements), "scene": None}
    if drawn["size"] == len("ABCD"):
        scene = quaternary(diagram)
        drawn["scene"] = json.dumps(scene.to_dict(), separators=(",", ":"))
        picture = scene_svg(scene, f"{diagram.title}. {diagram.description}")
    else:
        picture = (binary if drawn["size"] == len("AB") else ternary)(diagram)
    return drawn | {"picture": Markup(picture)}  # noqa: S704 (escaped by charts.svg)


def _funnel(steps: Sequence[Mapping[str, Any]]) -> str:
    first = steps[0]["number"] or 1
    rows = [
        Bar(
            name=each["step"],
            number=each["number"],
            note=f"{PERCENT * each['number'] / first:.3g} %",
            class_="final" if each["step"] in LAST_STEPS else "main",
        )
        for each in steps
    ]
    told = ", ".join(f"{each.number:g} {each.name}" for each in rows)
    return horizontal(rows, "From candidates to flags", f"{told}.")


def _failures(groups: Sequence[Mapping[str, Any]]) -> str:
    kinds: dict[str, int] = {}
    for each in groups:
        kinds[each["kind"]] = kinds.get(each["kind"], 0) + each["count"]
    if not kinds:
        return ""
    rows = [Bar(kind.replace("_", " "), number, class_="bad") for kind, number in kinds.items()]
    return horizontal(rows, "Failures by kind", "How many crystals failed in which way.")


def _energy_volume(points: Sequence[Mapping[str, Any]]) -> str:
    if not points:
        return ""
    groups = [
        Group(_energy_dots(points, is_flagged=False), "disk", "other"),
        Group(_energy_dots(points, is_flagged=True), "diamond", "flagged"),
    ]
    labels = "Volume (Å³/atom)", "Formation energy (eV/atom)"
    told = f"{len(points)} converged candidates; flagged ones are diamonds."
    return scatter(groups, labels, "Formation energy over volume", told)


def _energy_dots(points: Sequence[Mapping[str, Any]], *, is_flagged: bool) -> list[Dot]:
    return [
        Dot(each["volume_per_atom"], each["formation_energy_per_atom"], each["material_id"])
        for each in points
        if each["is_flagged"] is is_flagged
    ]


def _uncertainty(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return ""
    dots = [
        Dot(
            at,
            MILLI * each["energy_above_hull"],
            f"{formula(str(each['formula_pretty']))} ({each['material_id']})",
            MILLI * (each["energy_above_hull"] - each["scale"]),
            MILLI * (each["energy_above_hull"] + each["scale"]),
        )
        for at, each in enumerate(rows, start=1)
        if MILLI * abs(each["energy_above_hull"]) <= FARTHEST
    ]
    if not dots:
        return ""
    told = "Distances to the hull of the first candidates; bars are the scale of their error."
    group = Group(dots, "disk", "flagged")
    labels = "Place in the ranked table", "Above hull (meV/atom)"
    return scatter([group], labels, "Distance and its uncertainty", told)


def _parity(accuracy: Mapping[str, Any]) -> str:
    dots = [
        Dot(MILLI * each["found"], MILLI * each["predicted"], each["material_id"])
        for each in accuracy["pairs"]
        if max(abs(each["found"]), abs(each["predicted"])) * MILLI <= 2 * FARTHEST
    ]
    if not dots:
        return ""
    told = f"Mean absolute error {MILLI * accuracy['mean_absolute_error']:.0f} meV/atom."
    labels = "DFT, above hull (meV/atom)", "Predicted (meV/atom)"
    return parity(Group(dots, "disk", "other"), labels, "Predicted against DFT", told)


def _reliability(bins: Sequence[Mapping[str, Any]]) -> str:
    if not bins:
        return ""
    dots = [
        Dot(each["probability"], each["share_stable"], f"{each['num']}", each["low"], each["high"])
        for each in bins
    ]
    told = "On the line, probabilities are right; bars are 95 % intervals."
    labels = "Told probability of being stable", "Share found stable"
    return reliability(Group(dots, "square", "flagged"), labels, "Are probabilities right?", told)


def _throughput(told: Mapping[str, Any] | None) -> str:
    if told is None:
        return ""
    units = ((each, name) for least, each, name in UNITS if told["seconds"] >= least)
    unit, name = next(units, (1.0, "seconds"))
    counted = Counted(
        told["counts"],
        told["stretch_seconds"] / unit,
        f"Time since the first result ({name})",
        "Crystals",
    )
    rate = sum(told["counts"]) / told["seconds"]
    sentence = f"{sum(told['counts'])} crystals in {told['seconds']:.0f} s, {rate:.3g} per second."
    return over_time(counted, "Crystals relaxed over time", sentence)
