"""All that is examined, in order; no trouble with one thing keeps the next from being seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from workflows.doctor.computing import device_findings, environment_findings, potential_findings
from workflows.doctor.database import database_findings
from workflows.doctor.finding import Finding, Health
from workflows.doctor.installation import package_findings, pinned_findings, python_findings
from workflows.doctor.places import disk_findings
from workflows.doctor.vasp import vasp_findings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Look: TypeAlias = Callable[[], Iterator[Finding]]

LOOKS: Mapping[str, Look] = {
    "python": python_findings,
    "packages": package_findings,
    "versions": pinned_findings,
    "device": device_findings,
    "potential": potential_findings,
    "environment": environment_findings,
    "disk": disk_findings,
    "database": database_findings,
    "vasp": vasp_findings,
}


def examine(looks: Mapping[str, Look] = LOOKS) -> Iterator[Finding]:
    """Look at everything in turn.

    Args:
        looks: What to look at, by topic.
    """
    for topic, look in looks.items():
        yield from _attended(topic, look)


def _attended(topic: str, look: Look) -> Iterator[Finding]:
    """Turn whatever goes wrong while looking into a finding."""
    try:
        yield from look()
    except Exception as error:  # noqa: BLE001 (a broken installation fails in any way)
        # What a database driver raises may hold a connection string.
        detail = "" if topic == "database" else f": {error}"
        text = f"the examination failed with {type(error).__name__}{detail}"
        yield Finding(topic, Health.BROKEN, text, "install Facet anew in an empty environment")
