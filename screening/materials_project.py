"""References from the Materials Project through its client, with the user's own key."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import replace
from importlib import import_module
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from screening.entry_files import reference_from_entries
from screening.errors import ScreeningError
from screening.plain_entries import MALFORMED, plain_entry
from screening.reference import UNKNOWN, Coverage, Reference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pymatgen.entries.computed_entries import ComputedEntry

NAME = "Materials Project"
THERMO_TYPE = "GGA_GGA+U"
"""The Materials Project's name for PBE(+U) energies; it has r2SCAN and mixed ones beside them."""

_FIELDS = ("material_id", "thermo_type", "entries", "builder_meta")
_LICENSES = {"BY-C": "CC-BY-4.0", "BY-NC": "CC-BY-NC-4.0"}
_SYSTEMS_IN_A_REQUEST = 400  # the client warns that more would make too long an address


class Client(Protocol):
    """What is used of ``mp_api.client.MPRester``.

    Attributes:
        db_version: Date of the Materials Project's data.
        materials: Holds ``thermo``, with ``search``.
    """

    db_version: str | None
    materials: Any


class _Found(NamedTuple):
    """What documents hold: entries, those that cannot be read with the reason, and terms."""

    entries: list[ComputedEntry]
    omitted: dict[str, str]
    licenses: set[str]


@contextmanager
def open_materials_project(api_key: str) -> Iterator[Client]:
    """Open the Materials Project's client and close it afterwards.

    Args:
        api_key: The user's own key; it is used and never shown.

    Raises:
        ScreeningError: The key is empty, the client is not installed, or it refuses to open.
    """
    if not api_key.strip():
        raise ScreeningError(
            "There is no key for the Materials Project: copy yours from "
            "https://next-gen.materialsproject.org/api."
        )
    try:
        # Optional: most references are files.
        rester = import_module("mp_api.client").MPRester
    except ImportError as error:
        raise ScreeningError(
            "The client of the Materials Project is not installed: pip install 'facet[mp]'."
        ) from error
    with ExitStack() as stack:
        with _told("open"):
            client = stack.enter_context(rester(api_key.strip(), use_document_model=False))
        yield client


def materials_project_reference(
    client: Client,
    chemical_systems: Iterable[str] | None = None,
    *,
    max_energy_above_hull: float = 0.0,
    tell: Callable[[str, int, int | None], None] = lambda *_: None,
) -> Reference:
    """Fetch PBE(+U) phases and make a reference of them.

    Energies come uncorrected and MP2020 is applied here, so that the version of its table is
    known. Entries that cannot be used are listed in ``omitted``.

    Args:
        client: As ``open_materials_project`` gives it.
        chemical_systems: Such as "Fe-Li-O", each with all systems inside it. When they are not
            given, everything is fetched.
        max_energy_above_hull: How far in eV/atom above its own hull the Materials Project may see
            a phase. Only those on it can compete, unless energies are replaced later.
        tell: Called with what is done, how many so far, and of how many if that is known.

    Raises:
        ScreeningError: The client failed, or nothing that it sent can be used.
    """
    with _told("search"):
        documents = []
        for each in _documents(client, chemical_systems, max_energy_above_hull):
            documents.append(each)
            tell("phases fetched", len(documents), None)
        date = str(client.db_version or UNKNOWN)
    found = _read(documents)
    made = reference_from_entries(
        NAME,
        found.entries,
        date=date,
        coverage=Coverage.ALL_KNOWN if chemical_systems is None else Coverage.SUPPLIED,
        omitted=found.omitted,
    )
    return replace(
        made,
        license=" and ".join(sorted(found.licenses)) or UNKNOWN,
        source=f"Materials Project API, {THERMO_TYPE}, database {date}",
    )


def subsystems(chemical_systems: Iterable[str]) -> list[str]:
    """Return chemical systems and all systems inside them, elements first."""
    inside = {
        "-".join(subset)
        for system in chemical_systems
        for symbols in [sorted(set(system.split("-")))]
        for size in range(1, len(symbols) + 1)
        for subset in combinations(symbols, size)
    }
    return sorted(inside, key=lambda name: (name.count("-"), name))


@contextmanager
def _told(step: str) -> Iterator[None]:
    """Turn whatever the client raises into a sentence without the key."""
    try:
        yield
    except Exception as error:  # the client's errors have no common base
        raise ScreeningError(
            f"The Materials Project could not be reached to {step} ({type(error).__name__}): check "
            f"the key and the network, and try again."
        ) from error


def _documents(
    client: Client, chemical_systems: Iterable[str] | None, max_energy_above_hull: float
) -> Iterator[dict[str, Any]]:
    """Yield thermodynamic documents, each once."""
    wanted: dict[str, Any] = {
        "thermo_types": [THERMO_TYPE],
        "all_fields": False,
        "fields": list(_FIELDS),
    }
    if max_energy_above_hull > 0.0:
        wanted["energy_above_hull"] = (0.0, max_energy_above_hull)
    else:
        wanted["is_stable"] = True
    if chemical_systems is None:
        yield from client.materials.thermo.search(**wanted)
        return
    systems = subsystems(chemical_systems)
    for start in range(0, len(systems), _SYSTEMS_IN_A_REQUEST):
        some = systems[start : start + _SYSTEMS_IN_A_REQUEST]
        yield from client.materials.thermo.search(chemsys=some, **wanted)


def _read(documents: Iterable[dict[str, Any]]) -> _Found:
    """Gather the entries of documents of the right functional."""
    found = _Found([], {}, set())
    for document in documents:
        material_id = str(document.get("material_id"))
        if str(document.get("thermo_type")) != THERMO_TYPE:
            found.omitted[material_id] = (
                f"{material_id} has energies of {document.get('thermo_type')}, not of "
                f"{THERMO_TYPE}: functionals do not mix on one hull."
            )
            continue
        entries = document.get("entries") or {}
        for run_type, entry in entries.items():
            name = material_id if len(entries) == 1 else f"{material_id}-{run_type}"
            try:
                found.entries.append(plain_entry(entry, name))
            except MALFORMED as error:
                found.omitted[name] = (
                    f"{name} came without an entry that can be read ({type(error).__name__}): "
                    f"fetch it again."
                )
        terms = str((document.get("builder_meta") or {}).get("license") or UNKNOWN)
        found.licenses.add(_LICENSES.get(terms, terms))
    return found
