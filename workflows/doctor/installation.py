"""Python and packages, beside what Facet needs and what it was tested with."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from workflows.doctor.finding import Finding, Health

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SHOWN_PACKAGES = ("torch", "e3nn", "pymatgen", "jobflow", "atomate2", "fireworks", "pymongo")
CONSTRAINTS = Path(__file__).resolve().parents[2] / "constraints.txt"
"""Beside the packages in a checkout."""
NAMED_AT_MOST = 5


def python_findings(
    found: str = ".".join(map(str, sys.version_info[:3])), supported: str | None = None
) -> Iterator[Finding]:
    """Compare the version of Python with those that Facet is made for.

    Args:
        found: The version that runs.
        supported: Condition on it; by default that of the installed package.
    """
    condition = SpecifierSet(supported or metadata("facet")["Requires-Python"])
    if found in condition:
        yield Finding("python", Health.OK, f"Python {found}")
    else:
        text = f"Python {found} runs, Facet is made for {condition}"
        yield Finding("python", Health.BROKEN, text, "install a supported Python beside it")


def required_packages() -> list[str]:
    """What the installed package says it needs, optional extras left out."""
    all_of_them = [Requirement(each) for each in requires("facet") or []]
    return [str(each) for each in all_of_them if not each.marker or each.marker.evaluate()]


def package_findings(requirements: Iterable[str] | None = None) -> Iterator[Finding]:
    """Compare installed packages with what is required of them.

    Args:
        requirements: Such as ``torch>=2.11,<2.14``; by default those of the installed Facet.
    """
    installed = {}
    for requirement in map(Requirement, requirements or required_packages()):
        name, mend = requirement.name, f"run `pip install '{requirement}'`"
        found = _installed(name)
        if found is None:
            yield Finding("packages", Health.BROKEN, f"{name} is not installed", mend)
            continue
        installed[name] = found
        if not requirement.specifier.contains(found, prereleases=True):
            text = f"{name} {found} does not meet {requirement.specifier}"
            yield Finding("packages", Health.BROKEN, text, mend)
    shown = ", ".join(f"{each} {installed[each]}" for each in SHOWN_PACKAGES if each in installed)
    yield Finding("packages", Health.OK, f"{len(installed)} packages found: {shown}")


def pinned_findings(constraints: Path = CONSTRAINTS) -> Iterator[Finding]:
    """Compare installed packages with the versions that Facet was tested with.

    A release that was installed without a checkout has no list of them, and nothing is said.

    Args:
        constraints: The list, lines of ``name==version``.
    """
    if not constraints.is_file():
        return
    pins = dict(_pins(constraints))
    installed = {name: found for name in pins if (found := _installed(name)) is not None}
    others = [
        f"{name} {found} (tested: {pins[name]})"
        for name, found in installed.items()
        if not SpecifierSet(f"=={pins[name]}").contains(found, prereleases=True)
    ]
    if not others:
        text = f"all {len(installed)} packages are of the versions in {constraints.name}"
        yield Finding("versions", Health.OK, text)
        return
    more = f" and {len(others) - NAMED_AT_MOST} more" if len(others) > NAMED_AT_MOST else ""
    text = f"other versions than in {constraints.name}: {', '.join(others[:NAMED_AT_MOST])}{more}"
    mend = f"run `pip install -c {constraints} -e {constraints.parent}`, or `make test` with these"
    yield Finding("versions", Health.WARNING, text, mend)


def _pins(constraints: Path) -> Iterator[tuple[str, str]]:
    for line in constraints.read_text(encoding="utf-8").splitlines():
        name, is_pinned, pin = line.partition("#")[0].partition("==")
        if is_pinned:
            yield name.strip(), pin.partition(";")[0].strip()


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
