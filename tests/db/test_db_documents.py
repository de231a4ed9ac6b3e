from datetime import UTC, datetime, timedelta, timezone

import bson
import numpy as np
import pytest
from bson.codec_options import CodecOptions
from db_samples import campaign, candidate, reference, relaxation, rocksalt, structure
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pydantic import ValidationError

from db.documents import (
    Adjustment,
    BaseDoc,
    CandidateOutcome,
    Decomposition,
    OmittedPhaseDoc,
    Origin,
    PackedGeometry,
    SiteProperty,
    candidate_id,
    pack_geometry,
)
from db.errors import SchemaMismatchError

ANY_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30)
NUMBERS = st.floats(allow_nan=True, allow_infinity=True)
FIVE_HOURS_EAST = timezone(timedelta(hours=5))
TIMES = st.floats(0, 4e9).map(lambda seconds: datetime.fromtimestamp(seconds, FIVE_HOURS_EAST))


def through_bson(document: BaseDoc) -> BaseDoc:
    """What comes back from MongoDB, without the server."""
    raw = bson.decode(bson.encode(document.to_mongo()), CodecOptions(tz_aware=True))
    return type(document).from_mongo(raw)


@given(data=st.data())
def test_a_geometry_comes_back_bit_for_bit(data):
    n = data.draw(st.integers(0, 30))
    numbers = data.draw(hnp.arrays(np.int64, n, elements=st.integers(0, 118)))
    positions = data.draw(hnp.arrays(np.float64, (n, 3), elements=st.floats(width=64)))
    cell = data.draw(hnp.arrays(np.float64, (3, 3), elements=st.floats(width=64)))
    packed = pack_geometry(numbers, positions, cell)
    back = packed.unpack()
    assert (back.numbers == numbers).all()
    assert back.positions.tobytes() == positions.tobytes()
    assert back.cell.tobytes() == cell.tobytes()
    assert back.positions.shape == (n, 3)
    assert PackedGeometry.model_validate_json(packed.model_dump_json()) == packed


def test_bytes_are_little_endian_whatever_the_array_was():
    big = np.eye(3, dtype=">f8")
    packed = pack_geometry([1], big[:1], big)
    assert packed.cell[:8] == b"\0\0\0\0\0\0\xf0\x3f"
    assert packed.unpack().cell.dtype == np.float64


def test_an_unpacked_geometry_may_be_changed():
    rocksalt().unpack().positions[0, 0] = 1.0


@pytest.mark.parametrize(
    ("numbers", "positions", "cell"),
    [
        ([1, 2], np.zeros((3, 2)), np.eye(3)),
        ([1], np.zeros((1, 3)), np.eye(2)),
        ([300], np.zeros((1, 3)), np.eye(3)),
        ([-1], np.zeros((1, 3)), np.eye(3)),
    ],
)
def test_arrays_that_do_not_fit_together_are_refused(numbers, positions, cell):
    with pytest.raises(ValueError, match="number"):
        pack_geometry(numbers, positions, cell)


def test_bytes_of_a_wrong_length_are_refused():
    whole = rocksalt()
    with pytest.raises(ValidationError, match="different length"):
        PackedGeometry(numbers=whole.numbers[:1], positions=whole.positions, cell=whole.cell)
    with pytest.raises(ValidationError, match="3 x 3"):
        PackedGeometry(numbers=whole.numbers, positions=whole.positions, cell=whole.cell[:8])


@given(name=ANY_TEXT, value=st.one_of(st.none(), st.floats(allow_nan=False), ANY_TEXT))
def test_a_structure_survives_mongodb(name, value):
    document = structure(site_properties=(SiteProperty(name=name, values=[value, None]),))
    assert through_bson(document) == document


@given(energy=NUMBERS, fmax=NUMBERS, message=ANY_TEXT, created_at=TIMES)
def test_a_relaxation_survives_mongodb(energy, fmax, message, created_at):
    document = relaxation(energy=energy, fmax=fmax, message=message, created_at=created_at)
    assert through_bson(document) == document
    assert document.energy is None or np.isfinite(document.energy)


@given(material_id=ANY_TEXT, file=ANY_TEXT, hull=NUMBERS, reasons=st.lists(ANY_TEXT, max_size=3))
def test_a_candidate_survives_mongodb(material_id, file, hull, reasons):
    document = candidate(
        material_id,
        origin=Origin(file=file, index=3),
        energy_above_hull=hull,
        reasons=tuple(reasons),
        decomposes_to=(Decomposition(material_id="$where", formula="MgO", amount=0.5),),
        adjustments=(Adjustment(name="MP2020 anion correction (oxide)", value=-0.687),),
        known_outcome={"dft_e_above_hull": 0.01, "stable": True},
    )
    back = through_bson(document)
    assert back == document
    assert back.document_id == candidate_id("c1", material_id)


def test_a_campaign_and_a_reference_survive_mongodb():
    assert through_bson(campaign()) == campaign()
    omitted = (OmittedPhaseDoc(phase_id="mp-1", reason="It has no energy."),)
    assert through_bson(reference(omitted=omitted)) == reference(omitted=omitted)


def test_a_file_name_that_is_no_unicode_can_be_stored():
    document = candidate(origin=Origin(file=b"\xe9.cif".decode(errors="surrogateescape"), index=0))
    assert document.origin.file == "\\udce9.cif"
    assert through_bson(document) == document


@pytest.mark.parametrize("key", ["$where", "a.b", "", "nul\0"])
def test_a_key_that_mongodb_would_misread_is_refused(key):
    with pytest.raises(ValidationError, match="cannot be a key"):
        candidate(known_outcome={"fine": [{key: 1}]})


def test_a_time_without_a_zone_is_refused_and_others_become_utc():
    with pytest.raises(ValidationError, match="timezone"):
        relaxation(created_at=datetime(2026, 11, 1))  # noqa: DTZ001 (the point of the test)
    east = datetime(2026, 11, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    assert relaxation(created_at=east).created_at == datetime(2026, 11, 1, tzinfo=UTC)


def test_a_structure_that_contradicts_itself_is_refused():
    with pytest.raises(ValidationError, match="contradict"):
        structure(chemsys="O-Mg")
    with pytest.raises(ValidationError, match="different size"):
        structure(nsites=3)
    with pytest.raises(ValidationError, match="one value for each site"):
        structure(site_properties=(SiteProperty(name="magmom", values=[1.0]),))


def test_a_campaign_id_cannot_hold_the_slash_that_ends_it():
    with pytest.raises(ValidationError, match="campaign_id"):
        candidate(campaign_id="a/b")


def test_a_document_of_another_schema_version_is_not_guessed_at():
    raw = structure().to_mongo() | {"schema_version": 99}
    with pytest.raises(SchemaMismatchError, match="schema version 99"):
        type(structure()).from_mongo(raw)


def all_models():
    found = [CandidateOutcome, *BaseDoc.__subclasses__(), PackedGeometry, Origin, Decomposition]
    return [pytest.param(model, id=model.__name__) for model in found]


@pytest.mark.parametrize("model", all_models())
def test_every_field_says_what_it_is(model):
    silent = [name for name, field in model.model_fields.items() if not field.description]
    assert silent == []


def test_five_thousand_sites_stay_far_below_the_limit_of_a_document():
    n = 5000
    geometry = pack_geometry(np.full(n, 8), np.zeros((n, 3)), np.eye(3))
    document = relaxation(geometry=geometry, nsites=n)
    assert len(bson.encode(document.to_mongo())) < 200_000
