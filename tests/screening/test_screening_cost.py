from dataclasses import replace

import numpy as np
import pytest
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure
from pymatgen.io.vasp.inputs import Kpoints

from screening.cost import CostModel, Workload, core_hours, fit_cost, num_kpoints, workload
from screening.errors import ScreeningError

MODEL = CostModel()


def salt(cation: str = "Na") -> Structure:
    return Structure.from_spacegroup(
        "Fm-3m", Lattice.cubic(5.69), [cation, "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]]
    )


def test_electrons_and_sites_are_counted():
    work = workload(salt())
    assert work.num_electrons == 4 * (7 + 7)
    assert work.num_sites == 8
    assert not work.is_magnetic
    assert workload(salt("Mn")).is_magnetic


# pymatgen calls spglib 2.8 in the old way.
@pytest.mark.filterwarnings("ignore:Set OLD_ERROR_HANDLING:DeprecationWarning")
@pytest.mark.parametrize("lengths", [(3, 3, 3), (2.5, 4, 13), (10, 11, 12), (2.8, 2.8, 40)])
@pytest.mark.parametrize("density", [64.0, 100.0])
def test_k_points_are_those_of_pymatgen_halved(lengths, density):
    crystal = Structure(Lattice.orthorhombic(*lengths), ["Si"], [[0, 0, 0]])
    grid = np.prod(Kpoints.automatic_density_by_vol(crystal, density).kpts[0])
    assert num_kpoints(crystal.lattice.abc, crystal.volume, density) == (grid + 1) // 2


def test_costs_are_of_the_right_order():
    silicon = Structure.from_spacegroup("Fd-3m", Lattice.cubic(5.43), ["Si"], [[0, 0, 0]])
    assert 0.1 < core_hours(workload(silicon.get_primitive_structure()), MODEL) < 10
    large = salt("Fe")
    large.make_supercell([2, 2, 1])
    assert 20 < core_hours(workload(large), MODEL) < 5000


def test_a_cell_twice_as_large_costs_two_to_eight_times_as_much():
    crystal = salt()
    double = salt()
    double.make_supercell([2, 1, 1])
    ratio = core_hours(workload(double), MODEL) / core_hours(workload(crystal), MODEL)
    assert 1.5 < ratio < 8


def test_magnetism_doubles_the_cost():
    work = workload(salt("Mn"))
    unmagnetic = replace(work, is_magnetic=False)
    assert core_hours(work, MODEL) == pytest.approx(2 * core_hours(unmagnetic, MODEL))


def test_an_element_without_a_pseudopotential_has_no_cost():
    crystal = salt()
    crystal.replace_species({"Na": "Fr"})
    with pytest.raises(ScreeningError, match="no pseudopotential of Fr"):
        workload(crystal)


def works(number: int) -> list[Workload]:
    rng = np.random.default_rng(1)
    sizes = rng.integers(2, 60, number)
    return [
        Workload(int(size * 8), size * 15.0, int(size), max(200 // int(size), 1), 4, bool(size % 2))
        for size in sizes
    ]


def test_a_fit_finds_the_speed_and_exponent_that_made_the_runs():
    true = CostModel(gigaflops_per_core=0.7, exponent=1.2)
    rng = np.random.default_rng(0)
    runs = [(work, core_hours(work, true) * rng.lognormal(0, 0.2)) for work in works(200)]
    fitted = fit_cost(runs, MODEL)
    assert fitted.num_runs == 200
    assert fitted.model.exponent == pytest.approx(1.2, abs=0.05)
    assert fitted.typical_factor == pytest.approx(np.exp(0.2), rel=0.1)
    for work in works(10):
        assert core_hours(work, fitted.model) == pytest.approx(core_hours(work, true), rel=0.15)


def test_few_runs_fit_the_speed_only():
    true = CostModel(gigaflops_per_core=5.0)
    fitted = fit_cost([(work, core_hours(work, true)) for work in works(3)], MODEL)
    assert fitted.model.exponent == 1.0
    assert fitted.model.gigaflops_per_core == pytest.approx(5.0)
    assert fitted.typical_factor == pytest.approx(1.0)


@pytest.mark.parametrize("runs", [[], [(works(1)[0], 0.0)], [(works(1)[0], float("nan"))]])
def test_runs_that_took_no_time_are_refused(runs):
    with pytest.raises(ScreeningError, match="more than 0 core-hours"):
        fit_cost(runs, MODEL)
