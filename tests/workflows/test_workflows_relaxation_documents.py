import numpy as np
from workflow_samples import rocksalt

from db.documents import RelaxationDoc
from db.queries import documents_by_id
from db.storing import blob_content
from db.writes import write_relaxations
from facet.graph.neighbors import Crystal
from facet.relaxation.relaxer import relax
from facet.relaxation.result import RelaxResult, StopReason
from facet.relaxation.settings import RelaxSettings
from facet.relaxation.trajectory import Trajectory
from facet.testing import HarmonicBonds
from workflows.convert import structure_document
from workflows.relaxation_documents import relaxation_documents


def relaxed(structure, **settings):
    stored = structure_document(structure)
    asked = RelaxSettings(**settings)
    crystal = Crystal(*stored.geometry.unpack())
    (result,) = relax([crystal], HarmonicBonds(), asked)
    return result, relaxation_documents([(stored, result)], HarmonicBonds(), asked)[0]


def test_it_says_what_it_cost_which_symmetry_there_was_and_what_made_it():
    result, document = relaxed(rocksalt("Na", "Cl"), max_steps=5)
    assert document.num_evaluations == result.num_evaluations > 0
    assert (document.initial_space_group, document.space_group) == (225, 225)
    assert set(document.versions) == {"facet", "torch", "e3nn", "moyopy", "python"}
    assert document.trajectory is None
    assert document.num_frames == 0


def test_the_symmetry_before_is_that_of_the_input():
    distorted = rocksalt("Na", "Cl") * (2, 1, 1)
    distorted.translate_sites([0], [0.13, 0.05, 0.02], frac_coords=False)
    distorted.translate_sites([1], [-0.3, 0.25, 0.4], frac_coords=False)
    _, document = relaxed(distorted, max_steps=1)
    assert document.initial_space_group == 1


def test_a_way_that_was_asked_for_is_kept(database):
    result, document = relaxed(rocksalt("Na", "Cl"), max_steps=4, trajectory_every=1)
    assert document.num_frames == len(result.trajectory.positions) > 0
    write_relaxations(database, [document])
    (back,) = documents_by_id(database, RelaxationDoc, [document.relaxation_id])
    assert back == document
    way = Trajectory.from_bytes(blob_content(database, back.trajectory))
    np.testing.assert_array_equal(way.positions, result.trajectory.positions)


def test_a_way_of_two_thousand_frames_is_kept(database):
    structure = rocksalt("Na", "Cl") * (5, 5, 2)
    stored, n = structure_document(structure), len(structure)
    random = np.random.default_rng(0)
    way = Trajectory(
        species=np.array(structure.atomic_numbers),
        scalars=random.random((2000, 4)),
        frame_index=np.arange(2000),
        positions=random.random((2000, n, 3)).astype(np.float32),
        cells=random.random((2000, 3, 3)).astype(np.float32),
    )
    result = RelaxResult(
        name="a",
        species=way.species,
        positions=structure.cart_coords,
        cell=structure.lattice.matrix,
        energy=-1.0,
        forces=np.zeros((n, 3)),
        stress=np.zeros((3, 3)),
        stop_reason=StopReason.MAX_STEPS,
        message="It took too many steps.",
        num_steps=2000,
        num_evaluations=2000,
        fmax=1.0,
        smax=1.0,
        initial_volume=1.0,
        wall_share=1.0,
        trajectory=way,
    )
    document = relaxation_documents([(stored, result)], HarmonicBonds(), RelaxSettings())[0]
    write_relaxations(database, [document])
    (back,) = documents_by_id(database, RelaxationDoc, [document.relaxation_id])
    assert back.trajectory.content is None
    again = Trajectory.from_bytes(blob_content(database, back.trajectory))
    np.testing.assert_array_equal(again.positions, way.positions)
    assert back.num_frames == 2000
