"""Translations between crystals, results, evidence and documents."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pymatgen.core.lattice import Lattice
from pymatgen.core.periodic_table import Species
from pymatgen.core.structure import Structure
from workflow_samples import AT_REST, cesium_chloride, rocksalt

from db.documents import StructureDoc
from facet.graph.neighbors import Crystal
from facet.relaxation.relaxer import relax
from facet.relaxation.settings import RelaxSettings
from facet.testing import HarmonicBonds, LennardJones
from screening.corrections import Adjustment, CorrectedEnergy
from screening.hull import HullDistance, Share
from screening.reference import Coverage, Reference, ReferencePhase
from screening.verdict import Verdict, VerdictStatus
from workflows.convert import (
    candidate_document,
    relaxed_outcome,
    screened_outcome,
    structure_document,
    structure_of,
)
from workflows.inputs import InputCrystal
from workflows.references import reference_document, reference_of
from workflows.relaxation_documents import relaxation_documents


def input_crystal(structure=None, fault=None):
    return InputCrystal("one", structure, "folder/one.cif#3", {"source": "wbm"}, fault)


def relaxed(structure):
    """A stored crystal and the document of its relaxation by a fake potential."""
    stored = structure_document(structure)
    potential = LennardJones(species=frozenset({29}))
    crystal = Crystal(*stored.geometry.unpack())
    (result,) = relax([(stored.structure_id, crystal)], potential, AT_REST)
    return stored, result, relaxation_documents([(stored, result)], potential, AT_REST)[0]


def test_a_crystal_comes_back_from_its_document_as_it_was():
    lattice = Lattice.from_parameters(3.1, 4.2, 5.3, 80, 95, 110)
    structure = Structure(lattice, ["Fe", "O"], [[0.1, 0.2, 0.3], [0.6, 0.7, 0.9]])
    stored = structure_document(structure)
    back = structure_of(StructureDoc.from_mongo(stored.to_mongo()).geometry)
    assert back.species == structure.species
    np.testing.assert_allclose(back.lattice.matrix, structure.lattice.matrix, atol=0)
    np.testing.assert_allclose(back.cart_coords, structure.cart_coords, atol=1e-12)


def test_a_left_handed_cell_stays_left_handed():
    structure = Structure([[0, 3, 0], [3, 0, 0], [0, 0, 3]], ["Cu"], [[0, 0, 0]])
    back = structure_of(structure_document(structure).geometry)
    np.testing.assert_allclose(back.lattice.matrix, structure.lattice.matrix)


def test_oxidation_states_are_kept_beside_plain_elements():
    ions = [Species("Fe", 2), Species("Fe", 3), Species("O", -2)]
    structure = Structure(Lattice.cubic(4), ions, [[0, 0, 0], [0.5, 0.5, 0], [0.5, 0.5, 0.5]])
    stored = structure_document(structure)
    assert (stored.elements, stored.nelements) == (("Fe", "O"), 2)
    assert (stored.chemsys, stored.formula_pretty) == ("Fe-O", "Fe2O")
    (kept,) = stored.site_properties
    assert (kept.name, kept.values) == ("oxidation_state", [2, 3, -2])
    bare = Structure(Lattice.cubic(4), ["Fe", "Fe", "O"], structure.frac_coords)
    assert structure_document(bare).structure_id == stored.structure_id


def test_site_properties_are_stored_as_plain_values():
    structure = rocksalt("Na", "Cl")
    structure.add_site_property("magmom", [np.float64(1.5), np.nan])
    structure.add_site_property("free", np.array([[True, False, True], [True, True, True]]))
    structure.add_site_property("object", [object(), object()])
    structure.add_site_property("huge", [2**70, 1])
    kept = {each.name: each.values for each in structure_document(structure).site_properties}
    assert kept == {
        "magmom": [1.5, None],
        "free": [[True, False, True], [True, True, True]],
        "huge": [None, 1],
    }


def test_the_key_of_a_crystal_forgets_whole_cells_and_the_sign_of_zero():
    structure = cesium_chloride("Cu", "Au")
    moved = Structure(structure.lattice, structure.species, [[-0.0, 1, -2], [1.5, -0.5, 0.5]])
    other = Structure(structure.lattice, structure.species, [[0, 0, 0], [0.5, 0.5, 0.50001]])
    key = structure_document(structure).structure_id
    assert structure_document(moved).structure_id == key
    assert structure_document(other).structure_id != key
    assert structure_document(cesium_chloride("Au", "Cu")).structure_id != key


def test_a_candidate_carries_what_its_file_said():
    salt = rocksalt("Na", "Cl")
    crystal = structure_document(salt)
    stored = candidate_document(input_crystal(salt), crystal, 2, "c1", "candidate")
    assert (stored.status, stored.material_id, stored.chemsys) == ("pending", "one", "Cl-Na")
    assert (stored.origin.file, stored.origin.index) == ("folder/one.cif#3", 2)
    assert stored.known_outcome == {"source": "wbm"}


def test_a_fault_becomes_a_rejected_input():
    stored = candidate_document(input_crystal(fault="It is empty."), None, 0, "c1", "reference")
    assert (stored.status, stored.rejection, stored.role) == (
        "rejected_input",
        "It is empty.",
        "reference",
    )
    assert stored.structure_id is None


def test_a_relaxation_keeps_energy_geometry_and_end():
    _, result, document = relaxed(Structure(Lattice.cubic(2.6), ["Cu"], [[0, 0, 0]]))
    assert document.stop_reason == "converged"
    assert document.energy == pytest.approx(result.energy)
    assert document.energy_per_atom == pytest.approx(result.energy)
    np.testing.assert_allclose(document.geometry.unpack().cell, result.cell)
    assert relaxed_outcome(document).relaxation_id == document.relaxation_id


def test_an_end_without_an_energy_is_stored_without_one_and_without_the_key_in_its_sentence():
    stored, _, document = relaxed(Structure(Lattice.cubic(3), ["Au"], [[0, 0, 0]]))
    assert document.stop_reason == "unsupported"
    assert document.energy is None
    assert document.energy_per_atom is None
    assert stored.structure_id not in document.message
    assert "Au" in document.message


def test_a_crystal_that_the_engine_could_not_read_keeps_its_stored_geometry():
    from facet.relaxation.leaving import refusal
    from facet.relaxation.result import Stop, StopReason

    stored = structure_document(rocksalt("Na", "Cl"))
    result = refusal(stored.structure_id, None, Stop(StopReason.FAILED, "It broke."))
    document = relaxation_documents([(stored, result)], LennardJones(), AT_REST)[0]
    assert (document.stop_reason, document.nsites) == ("failed", 2)
    assert document.geometry == stored.geometry


def test_an_outcome_without_a_distance_says_nothing_of_stability():
    verdict = Verdict(
        is_flagged=False, status=VerdictStatus.NO_REFERENCE, reasons=("Why.",), rule_id="r"
    )
    outcome = screened_outcome(None, None, verdict, None, None)
    assert outcome.is_stable is None
    assert outcome.energy_above_hull is None
    assert outcome.verdict == "no_reference"


@pytest.mark.parametrize(("distance", "is_stable"), [(-0.1, True), (0.0, True), (0.01, False)])
def test_what_lies_on_or_below_the_hull_is_stable(distance, is_stable):
    verdict = Verdict(is_flagged=True, status=VerdictStatus.FLAGGED, reasons=(), rule_id="r")
    energy = CorrectedEnergy(-5.0, (Adjustment("oxide", -0.7),), "1")
    place = HullDistance(distance, -1.0, {"p1": Share("NaCl", 1.0)})
    outcome = screened_outcome(energy, place, verdict, None, 1)
    assert outcome.is_stable is is_stable
    assert outcome.adjustments[0].value == -0.7
    assert outcome.decomposes_to[0].material_id == "p1"


def test_a_reference_comes_back_from_its_document_and_its_key_follows_its_content():
    reference = Reference(
        name="ours",
        scheme="MP2020",
        phases=(ReferencePhase("a", "NaCl", -2.0),),
        element_energies={"Na": -1.3, "Cl": -1.8},
        coverage=Coverage.ALL_KNOWN,
        omitted={"b": "It failed."},
    )
    document = reference_document(reference)
    assert reference_of(document) == reference
    changed = Reference(**{**vars(reference), "element_energies": {"Na": -1.3, "Cl": -1.9}})
    assert reference_document(changed).reference_id != document.reference_id
    assert not math.isnan(document.phases[0]["formation_energy_per_atom"])


def test_held_coordinates_go_to_the_database_and_to_the_engine_and_come_back():
    structure = Structure(
        Lattice.cubic(4.2),
        ["Na", "Cl"],
        [[0, 0, 0], [0.5, 0.48, 0.5]],
        site_properties={"selective_dynamics": [[False] * 3, [True, False, True]]},
    )
    stored = structure_document(structure)
    crystal = Crystal(*stored.geometry.unpack())
    assert crystal.is_held.tolist() == [[True] * 3, [False, True, False]]
    settings = RelaxSettings(max_steps=3)
    (result,) = relax([crystal], HarmonicBonds(), settings)
    document = relaxation_documents([(stored, result)], HarmonicBonds(), settings)[0]
    back = structure_of(document.geometry)
    np.testing.assert_allclose(back.frac_coords[0], 0, atol=1e-12)
    assert back.frac_coords[1][1] == pytest.approx(0.48)
    assert np.asarray(back.site_properties["selective_dynamics"]).tolist() == [
        [False] * 3,
        [True, False, True],
    ]
    free = structure.copy()
    free.remove_site_property("selective_dynamics")
    assert structure_document(free).structure_id != stored.structure_id
