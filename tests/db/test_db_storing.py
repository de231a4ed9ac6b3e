import bson
import numpy as np
import pytest
from db_samples import reference, relaxation, structure

from db.blobs import FILES
from db.documents import (
    Blob,
    OmittedPhaseDoc,
    ReferenceDoc,
    ReferencePhaseDoc,
    RelaxationDoc,
    SiteProperty,
    StructureDoc,
    pack_geometry,
)
from db.errors import MissingDocumentError
from db.queries import documents_by_id, relaxations_of
from db.storing import MOST_INLINE_BYTES, blob_content, read_document, stored_form
from db.writes import InsertCount, insert_references, insert_structures, write_relaxations

pytestmark = pytest.mark.integration

MEBIBYTE = 2**20


def geometry_of(num_sites, seed=0):
    points = np.random.default_rng(seed).random((num_sites, 3)) * 50
    return pack_geometry(np.full(num_sites, 8), points, np.eye(3) * 50)


def size_of_largest(database, collection):
    return max(len(bson.encode(raw)) for raw in database[collection].find())


def test_a_cell_of_five_thousand_atoms_stays_in_its_document(database):
    large = relaxation(geometry=geometry_of(5000), nsites=5000)
    write_relaxations(database, [large])
    assert size_of_largest(database, "relaxations") < MEBIBYTE
    assert database[FILES].count_documents({}) == 0
    assert list(documents_by_id(database, RelaxationDoc, ["r1"])) == [large]


def test_a_cell_of_four_hundred_thousand_sites_comes_back(database):
    n = 400_000
    cell = structure(geometry=geometry_of(n), nsites=n)
    end = relaxation(geometry=geometry_of(n, seed=1), nsites=n)
    assert insert_structures(database, [cell]) == InsertCount(1, 0)
    assert insert_structures(database, [cell]) == InsertCount(0, 1)
    write_relaxations(database, [end])
    assert size_of_largest(database, "structures") < MEBIBYTE
    assert size_of_largest(database, "relaxations") < MEBIBYTE
    assert list(documents_by_id(database, StructureDoc, ["s1"])) == [cell]
    assert list(relaxations_of(database, ["s1"])) == [end]


def test_huge_site_properties_come_back(database):
    n = 5000
    notes = [["x" * 5000, site, None] for site in range(n)]
    cell = structure(
        geometry=geometry_of(n), nsites=n, site_properties=(SiteProperty(name="n", values=notes),)
    )
    assert len(bson.encode(cell.to_mongo())) > 20 * MEBIBYTE
    insert_structures(database, [cell])
    assert list(documents_by_id(database, StructureDoc, ["s1"])) == [cell]


def test_a_reference_of_two_hundred_thousand_phases_comes_back(database):
    n = 200_000
    large = reference(
        phases=[
            ReferencePhaseDoc(phase_id=f"mp-{i}", formula="MgO", formation_energy_per_atom=-i / n)
            for i in range(n)
        ],
        omitted=[OmittedPhaseDoc(phase_id="mp-x", reason="It has no energy.")],
    )
    insert_references(database, [large])
    assert list(documents_by_id(database, ReferenceDoc, ["ref"])) == [large]


def test_a_long_trajectory_is_fetched_only_when_asked_for(database):
    frames = np.random.default_rng(0).random((2000, 100, 3)).astype(np.float32).tobytes()
    write_relaxations(database, [relaxation(trajectory=Blob.of(frames), num_frames=2000)])
    assert size_of_largest(database, "relaxations") < 4096
    (back,) = documents_by_id(database, RelaxationDoc, ["r1"])
    assert back.trajectory.content is None
    assert back.trajectory.num_bytes == len(frames)
    assert blob_content(database, back.trajectory) == frames


def test_a_short_trajectory_stays_in_its_document(database):
    short = relaxation(trajectory=Blob.of(b"x" * MOST_INLINE_BYTES), num_frames=3)
    write_relaxations(database, [short])
    assert database[FILES].count_documents({}) == 0
    assert list(documents_by_id(database, RelaxationDoc, ["r1"])) == [short]
    assert blob_content(database, relaxation().trajectory) is None


def test_a_document_that_is_not_all_there_is_not_read_without_the_rest(database):
    n = 200_000
    raw = bson.decode(stored_form(database, structure(geometry=geometry_of(n), nsites=n)).raw)
    with pytest.raises(MissingDocumentError, match="read_document"):
        StructureDoc.from_mongo(raw)
    assert read_document(database, StructureDoc, raw).nsites == n


def test_a_parked_field_that_is_gone_or_of_another_size_is_told(database):
    n = 200_000
    raw = bson.decode(stored_form(database, structure(geometry=geometry_of(n), nsites=n)).raw)
    raw["parked"][0]["num_bytes"] -= 1
    with pytest.raises(MissingDocumentError, match="not those of a field 'geometry'"):
        read_document(database, StructureDoc, raw)
    raw["parked"][0]["num_bytes"] += 2
    with pytest.raises(MissingDocumentError, match="not those of a field 'geometry'"):
        read_document(database, StructureDoc, raw)
    database[FILES].delete_many({})
    with pytest.raises(MissingDocumentError, match="holds no bytes"):
        read_document(database, StructureDoc, raw)
