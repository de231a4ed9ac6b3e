"""The whole plan: read everything, relax a sample, and say what the campaign will take."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from workflows.competitors import competitors_of
from workflows.devices import check_device
from workflows.inputs import InputError, read_crystals
from workflows.plan.census import Census, Seconds, Timer, take_census
from workflows.plan.forecast import Forecaster
from workflows.plan.known import known_results
from workflows.plan.measuring import measure
from workflows.plan.short_list import measured_short_list, short_list_of
from workflows.plan.telling import tell_census, tell_forecast, tell_short_list
from workflows.potentials import resident_potential
from workflows.progress import noted
from workflows.references import reference_document
from workflows.stability.measure import check_kinds, kinds_asked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from db.documents import ReferenceDoc
    from facet.potential import Potential
    from workflows.inputs import InputCrystal
    from workflows.plan.request import PlanRequest


class Preparation(NamedTuple):
    """What was done before the first crystal was relaxed.

    Attributes:
        potential: Loaded.
        loading: Time that loading it took.
        census: What the input holds.
        reference: The table of competing phases; None of crystals, or without any.
        reading: Time that reading all took: candidates, competing phases and the table.
    """

    potential: Potential
    loading: Seconds
    census: Census
    reference: ReferenceDoc | None
    reading: Seconds


def make_plan(request: PlanRequest) -> dict[str, Any]:
    """Return what a campaign will take, as plain values with their units in the keys.

    Nothing is stored; a database that is set up is only asked what it knows.

    Raises:
        InputError: A path does not exist.
        ScreeningError: The reference file cannot be used.
        ConfigError: The rule asks for phonons, and phonopy is not installed.
        CheckpointError: The potential cannot be loaded.
        DbError: The server went away while it was asked.
    """
    ready = _prepare(request)
    told = {
        "potential": request.potential,
        "potential_fingerprint": ready.potential.fingerprint,
        "device": str(ready.potential.device),
        "num_devices": request.num_devices,
        "relax_settings": request.relax.to_dict(),
        "input": tell_census(ready.census, ready.reading),
    }
    listed = short_list_of(request, ready.census)
    if ready.census.num_to_relax == 0:
        return told | {"sample": None, "stability": tell_short_list(listed), "forecast": None}
    size = request.sample.of(ready.census.num_to_relax)
    sample = ready.census.strata.sample(size)
    measured = measure(sample, ready.potential, request.relax, ready.census.num_to_relax)
    foreseen = Forecaster(ready.census, measured, request.shard_size).forecast()
    if listed is not None:
        listed = measured_short_list(listed, ready.census, measured, ready.potential, request)
    told |= {"stability": tell_short_list(listed)}
    return told | tell_forecast(request, ready, measured, foreseen, listed)


def _prepare(request: PlanRequest) -> Preparation:
    """Load the potential and read everything."""
    check_device(request.device)
    check_kinds(kinds_asked(request.rule))
    for path in filter(None, (*request.candidates, request.reference, request.element_energies)):
        if not path.exists():
            raise InputError(f"{path} does not exist: check the path and the working folder.")
    loading = Timer()
    potential = resident_potential(request.potential, device=request.device)
    loaded = loading.seconds()
    timer = Timer()
    settings = request.campaign()
    competitors = competitors_of(settings, potential.fingerprint) if settings else None
    table = competitors.table if competitors else None
    reference = reference_document(table) if table is not None else None
    with known_results(potential.fingerprint, request.relax.to_dict()) as known:
        census = take_census(
            noted(islice(read_crystals(request.candidates), request.limit), "candidates read"),
            noted(_phases(request, is_table=table is not None), "competing phases read"),
            potential,
            known,
            request.sample.most,
        )
    return Preparation(potential, loaded, census, reference, timer.seconds())


def _phases(request: PlanRequest, *, is_table: bool) -> Iterator[InputCrystal]:
    """Yield competing phases that would be relaxed too."""
    if request.reference is not None and not is_table:
        yield from read_crystals([request.reference])
