"""One structure, one call."""

import pytest
from pymatgen.core import Lattice, Structure
from relax_samples import lennard_jones

from facet import FacetRelaxer
from facet.errors import ConfigError
from facet.relaxation.settings import RelaxSettings


def test_a_structure_goes_in_and_a_structure_comes_out():
    copper = Structure.from_spacegroup("Fm-3m", Lattice.cubic(3.3), ["Cu"], [[0, 0, 0]])
    result = FacetRelaxer(lennard_jones(), smax=0.01).relax(copper, "copper")
    assert result.name == "copper"
    assert result.stop_reason == "converged"
    assert result.structure.volume != pytest.approx(copper.volume, rel=0.01)
    assert result.smax <= 0.01


def test_the_bundled_potential_is_the_default():
    relaxer = FacetRelaxer(settings=RelaxSettings(max_steps=0))
    salt = Structure.from_spacegroup(
        "Fm-3m", Lattice.cubic(5.7), ["Na", "Cl"], [[0] * 3, [0.5] * 3]
    )
    assert relaxer.relax(salt).energy / 8 == pytest.approx(-3.4, abs=0.3)


def test_faults_of_the_structure_are_told_and_faults_of_the_call_are_raised():
    assert FacetRelaxer(lennard_jones()).relax("rock").stop_reason == "unsupported"
    with pytest.raises(ConfigError, match="speed"):
        FacetRelaxer(lennard_jones(), speed=3)
    with pytest.raises(ConfigError, match="fmax"):
        FacetRelaxer(lennard_jones(), fmax=-1)
