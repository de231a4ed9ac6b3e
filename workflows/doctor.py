"""Looking for what is wrong with an installation, and saying how to mend it.

Torch, Facet and the database layer are imported where they are examined: one that cannot be
imported is a finding, not the end of the examination.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from db.errors import DbError
from facet.errors import FacetError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from db.settings import DbSettings

SHOWN_PACKAGES = ("torch", "e3nn", "pymatgen", "jobflow", "atomate2", "fireworks", "pymongo")
OLDEST_SERVER = 6
"""Major version of the oldest mongod that the queries are written for."""


class Health(StrEnum):
    """State of one thing, from good to bad."""

    OK = "ok"
    WARNING = "warning"
    BROKEN = "broken"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        topic: What it is, in a word.
        health: Its state.
        text: What was found.
        mend: What to do; empty where nothing is to be done.
    """

    topic: str
    health: Health
    text: str
    mend: str = ""


def examine() -> Iterator[Finding]:
    """Look at everything in turn; no trouble ends the examination."""
    yield from _attended("python", python_findings)
    yield from _attended("packages", lambda: package_findings(required_packages()))
    yield from _attended("device", device_findings)
    yield from _attended("potential", potential_findings)
    yield from _attended("environments", environment_findings)
    yield from _attended("database", database_findings)


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


def package_findings(requirements: Iterable[str]) -> Iterator[Finding]:
    """Compare installed packages with what is required of them.

    Args:
        requirements: Such as ``torch>=2.11,<2.14``.
    """
    installed = {}
    for requirement in map(Requirement, requirements):
        name, mend = requirement.name, f"run `pip install '{requirement}'`"
        try:
            installed[name] = version(name)
        except PackageNotFoundError:
            yield Finding("packages", Health.BROKEN, f"{name} is not installed", mend)
            continue
        if not requirement.specifier.contains(installed[name], prereleases=True):
            text = f"{name} {installed[name]} does not meet {requirement.specifier}"
            yield Finding("packages", Health.BROKEN, text, mend)
    shown = ", ".join(f"{each} {installed[each]}" for each in SHOWN_PACKAGES if each in installed)
    yield Finding("packages", Health.OK, f"{len(installed)} packages found: {shown}")


def device_findings() -> Iterator[Finding]:
    """Say what computes."""
    import torch

    for index in range(torch.cuda.device_count()):
        facts = torch.cuda.get_device_properties(index)
        memory = facts.total_memory / 2**30
        text = f"cuda:{index} {facts.name}, {memory:.0f} GiB, CUDA {torch.version.cuda}"
        yield Finding("device", Health.OK, text)
    if torch.cuda.device_count() == 0 and torch.version.cuda:
        text = f"torch is made for CUDA {torch.version.cuda} but finds no GPU, and uses the CPU"
        yield Finding("device", Health.WARNING, text, "check the driver with `nvidia-smi`")
    text = f"CPU with {os.cpu_count()} cores, torch uses {torch.get_num_threads()}"
    yield Finding("device", Health.OK, text)


def potential_findings(name: str | Path = "facet-s") -> Iterator[Finding]:
    """Load a potential on every kind of device and check it on its golden batch."""
    import torch

    from facet.checkpoint import load
    from facet.selfcheck import self_check

    for device in ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]:
        try:
            result = self_check(load(name, device=device, check=False))
        except FacetError as error:
            yield _finding_of(error, "potential")
        else:
            text = f"{name}: {result} from double precision ({result.seconds:.2f} s)"
            yield Finding("potential", Health.OK, text)


def environment_findings() -> Iterator[Finding]:
    """Look at the environments of other potentials; one that is absent is no fault."""
    from workflows.environments.checks import check, known_environments

    for name in known_environments():
        state = check(name)
        if not state.is_there:
            text = f"none for {name}; `facet env make {name}` builds one"
            yield Finding("environments", Health.OK, text)
            continue
        for fault in state.faults:
            text, _, mend = fault.rpartition("; ")
            yield Finding("environments", Health.WARNING, text or mend, mend.rstrip("."))
        if not state.faults:
            shown = ", ".join(f"{each} {found}" for each, found in state.versions.items())
            yield Finding("environments", Health.OK, f"{name} works in {state.place}: {shown}")


def database_findings() -> Iterator[Finding]:
    """Reach the server that the environment names, or find the program of a private one."""
    from db.settings import settings_from_environment

    try:
        settings = settings_from_environment()
        yield _private_server(settings) if settings.mongo_uri is None else _own_server(settings)
    except DbError as error:
        yield _finding_of(error, "database")


def _private_server(settings: DbSettings) -> Finding:
    from db.embedded import find_mongod

    binary = find_mongod(settings.mongod)
    folder = settings.home / "mongo"
    present = next(each for each in (folder, *folder.parents) if each.exists())
    if not (present.is_dir() and os.access(present, os.W_OK | os.X_OK)):
        text = f"{present} cannot be written, so the private server has no place for its data"
        mend = "set FACET_HOME to a folder of yours, or FACET_MONGO_URI to a server"
        return Finding("database", Health.BROKEN, text, mend)
    text = f"private mongod {binary.version} ({binary.path}), started when needed, data in {folder}"
    return Finding("database", Health.OK, text)


def _own_server(settings: DbSettings) -> Finding:
    from db.client import describe, open_database, server_facts

    with open_database(settings) as database:
        facts = server_facts(database)
    text = f"mongod {facts.version}, {describe(settings)}"
    if int(facts.version.split(".")[0]) < OLDEST_SERVER:
        mend = f"use MongoDB {OLDEST_SERVER}.0 or later"
        return Finding("database", Health.BROKEN, f"{text}, is too old", mend)
    if not facts.is_replica_set:
        text += ", is a standalone server, which loses acknowledged writes when it crashes"
        mend = "start it with --replSet rs0 and run rs.initiate() once"
        return Finding("database", Health.WARNING, text, mend)
    return Finding("database", Health.OK, f"{text}, replica set")


def _attended(topic: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """Turn whatever goes wrong while looking into a finding."""
    try:
        yield from look()
    except Exception as error:  # noqa: BLE001 (a broken installation fails in any way)
        # What a database driver raises may hold a connection string.
        detail = "" if topic == "database" else f": {error}"
        text = f"the examination failed with {type(error).__name__}{detail}"
        yield Finding(topic, Health.BROKEN, text, "install Facet anew in an empty environment")


def _finding_of(error: Exception, topic: str) -> Finding:
    """Take the sentence of an error apart: what is wrong; how to mend it."""
    text, _, mend = str(error).rpartition("; ")
    return Finding(topic, Health.BROKEN, text or mend, mend.rstrip(".") if text else "")
