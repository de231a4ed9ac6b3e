import pytest
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from screening.evidence import Evidence
from screening.gates.measure import with_crystal
from screening.rules import FlagRule
from screening.verdict import judge

SALT = Structure.from_spacegroup(
    "Fm-3m", Lattice.cubic(5.69), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]]
)
BEFORE = SALT.copy()
BEFORE.apply_strain(0.05)
KNOWN = Evidence("converged", "At rest.", 0.01, None, None)


# pymatgen calls spglib 2.8 in the old way.
@pytest.mark.filterwarnings("ignore:Set OLD_ERROR_HANDLING:DeprecationWarning")
def test_a_sound_crystal_passes_every_gate_that_can_be_measured():
    verdict = judge(with_crystal(KNOWN, SALT, BEFORE), FlagRule())
    assert verdict.is_flagged
    statuses = {gate.name: gate.status for gate in verdict.gates}
    assert {statuses[name] for name in ("volume", "distances", "coordination", "prototype")} == {
        "passed"
    }
    assert verdict.values["prototype"]["after"] == "AB_cF8_225_1_1"


def test_without_the_input_crystal_prototypes_are_not_compared():
    assert with_crystal(KNOWN, SALT).prototype is None


def test_a_crystal_collapsed_to_a_point_is_measured_in_no_time():
    point = Structure(Lattice.cubic(0.05), SALT.species, SALT.frac_coords)
    verdict = judge(with_crystal(KNOWN, point), FlagRule())
    assert verdict.status == "unphysical"
    assert "it has collapsed" in verdict.reasons[0]
