"""Approved candidates as DFT flows whose results find their way back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jobflow import Flow, OnMissing, job

from db.client import open_database
from workflows.convert import structure_of
from workflows.dft.makers import MATERIALS_PROJECT, dft_maker
from workflows.dft.recording import record
from workflows.makers import FACET_CATEGORY, FrozenMaker

if TYPE_CHECKING:
    from jobflow import Job, Maker
    from pymatgen.core.structure import Structure

    from db.documents.follow_up import FollowUpDoc

VASP_CATEGORY = "vasp"
"""Fireworks that only workers with VASP take."""

FOLLOW_UP = "follow_up_id"


@dataclass
class DftFollowUpMaker(FrozenMaker):
    """Calculate a candidate with DFT and store what comes of it.

    Attributes:
        name: Of the flow.
        maker: Does the DFT; its last output is a task document.
        category: FireWorks' name for the workers that have the DFT program.
        record_category: The same for the job that stores the result.
        priority: Higher goes first.
    """

    name: str = "DFT follow-up"
    maker: Maker = field(default_factory=lambda: dft_maker(MATERIALS_PROJECT))
    category: str = VASP_CATEGORY
    record_category: str = FACET_CATEGORY
    priority: float = 0.0

    def make(self, follow_up: FollowUpDoc) -> Flow:
        """Make the flow of one follow-up.

        Args:
            follow_up: Says the crystal and its magnetic moments.
        """
        calculation = self.maker.make(input_structure(follow_up))
        tasks = _jobs(calculation)
        closing = record_follow_up(
            follow_up.follow_up_id, calculation.output, [each.output for each in tasks]
        )
        # A task that failed for good shall be told too.
        closing.config.on_missing_references = OnMissing.NONE
        for each in tasks:
            self._mark(each, follow_up, self.category)
        self._mark(closing, follow_up, self.record_category)
        name = f"{self.name} {follow_up.formula_pretty} {follow_up.ordering}"
        return Flow([calculation, closing], output=closing.output, name=name)

    def _mark(self, each: Job, follow_up: FollowUpDoc, category: str) -> None:
        each.update_metadata({FOLLOW_UP: follow_up.follow_up_id}, dynamic=True)
        each.config.manager_config |= {"_category": category, "_priority": self.priority}


@job
def record_follow_up(follow_up_id: str, final: Any, documents: list[Any]) -> dict[str, Any]:  # noqa: ANN401 (what another program wrote)
    """Store the result of a follow-up and let every campaign that asked for it learn from it.

    Args:
        follow_up_id: The follow-up.
        final: The document that ends the calculation; None when that failed.
        documents: Those of all its tasks.
    """
    from workflows.dft.loop import learn_from  # only where it runs: it imports half of screening

    with open_database() as database:
        status = record(database, follow_up_id, final, documents)
        updated = learn_from(database, follow_up_id) if status == "finished" else {}
    return {FOLLOW_UP: follow_up_id, "status": status, "campaigns": updated}


def input_structure(follow_up: FollowUpDoc) -> Structure:
    """Return the crystal of a follow-up with the moments that it starts with."""
    structure = structure_of(follow_up.geometry)
    structure.add_site_property("magmom", list(follow_up.magmoms))
    return structure


def _jobs(calculation: Flow | Job) -> list[Job]:
    """Return the jobs of a flow, or a job itself, in the order in which they run."""
    if isinstance(calculation, Flow):
        return [each for each, _ in calculation.iterflow()]
    return [calculation]
