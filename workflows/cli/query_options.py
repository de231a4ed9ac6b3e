"""Options that say which candidates are meant, shared by ``facet query`` and ``facet db check``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workflows.cli.query import Question

CONDITIONS = {
    "campaign": "campaign_id",
    "name": "material_id",
    "flagged": "is_flagged",
    "formula": "formula",
    "chemsys": "chemsys",
    "all_of": "elements_all",
    "any_of": "elements_any",
    "none_of": "elements_none",
    "elements": "nelements",
    "min_sites": "min_nsites",
    "max_sites": "max_nsites",
    "space_group": "space_group_number",
    "min_above_hull": "min_energy_above_hull",
    "max_above_hull": "max_energy_above_hull",
    "end": "stop_reason",
    "verdict": "verdict",
    "status": "status",
    "role": "role",
}
"""What each option below asks of a candidate, as ``CandidateFilter`` names it."""

Campaign = Annotated[str | None, typer.Option(help="Campaign id; the latest one if absent")]
Everywhere = Annotated[bool, typer.Option("--all-campaigns", help="In all campaigns at once")]
MaterialId = Annotated[str | None, typer.Option("--name", help="Name of a candidate")]
Flagged = Annotated[
    bool | None, typer.Option("--flagged/--not-flagged", help="Only those worth DFT, or the others")
]
Formula = Annotated[str | None, typer.Option(help="Reduced formula, e.g. SrTiO3")]
Chemsys = Annotated[str | None, typer.Option(help="Elements joined by '-', e.g. O-Sr-Ti")]
ElementsAll = Annotated[str | None, typer.Option("--all-of", help="Holds all of these, e.g. Li,O")]
ElementsAny = Annotated[str | None, typer.Option("--any-of", help="Holds one of these, e.g. Fe,Co")]
ElementsNone = Annotated[str | None, typer.Option("--none-of", help="Holds none of these")]
NumElements = Annotated[
    int | None, typer.Option("--num-elements", "--elements", help="Number of different elements")
]
MinSites = Annotated[int | None, typer.Option(help="Fewest sites")]
MaxSites = Annotated[int | None, typer.Option(help="Most sites")]
SpaceGroup = Annotated[int | None, typer.Option(help="Space group number once relaxed")]
MinAboveHull = Annotated[float | None, typer.Option(help="Smallest distance to the hull, eV/atom")]
MaxAboveHull = Annotated[float | None, typer.Option(help="Largest distance to the hull, eV/atom")]
Potential = Annotated[
    str | None, typer.Option(help="Fingerprint of the potential, or its first 8 digits or more")
]
End = Annotated[str | None, typer.Option(help="How it ended, e.g. converged or max_steps")]
Verdict = Annotated[
    str | None,
    typer.Option(
        help="flagged, rejected, not_converged, unphysical, no_reference, uncertain, duplicate, "
        "known or unstable"
    ),
]
Status = Annotated[str | None, typer.Option(help="E.g. screened or rejected_input")]
Role = Annotated[str, typer.Option(help="candidate or reference")]
Sort = Annotated[
    str | None,
    typer.Option(
        help="energy_above_hull (rank with --flagged) unless given; rank, material_id, "
        "formation_energy_per_atom, energy_per_atom, nsites or formula"
    ),
]
Descending = Annotated[bool, typer.Option("--descending", help="Largest first")]
PageSize = Annotated[int | None, typer.Option(min=1, help="At most so many")]
After = Annotated[
    str | None, typer.Option(help="Go on from here: what the page before named at its end")
]


def question_of(given: Mapping[str, Any]) -> Question:
    """Return what the options of a verb ask, by the names that they have above in small letters."""
    from workflows.cli.query import Question

    return Question(
        conditions={name: given[option] for option, name in CONDITIONS.items()},
        potential=given["potential"],
        is_everywhere=given["all_campaigns"],
        sort=given["sort"],
        is_descending=given["descending"],
        limit=given["limit"],
        after=given["after"],
    )
