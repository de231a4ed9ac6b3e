"""The batched engine walks exactly as ASE does with each crystal alone."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from ase.filters import FrechetCellFilter
from ase.optimize import FIRE
from relax_samples import COPPER, AseCalculator, crystal, lennard_jones

from facet.graph.convert import atoms_from
from facet.graph.neighbors import Crystal
from facet.relaxation.relaxer import relax
from facet.relaxation.settings import RelaxSettings
from facet.testing import Wrapper
from facet.units import ev_per_cubic_angstrom_from_gpa

NUM_STEPS = 40


@dataclass(frozen=True)
class Recorder(Wrapper):
    energies: list = field(default_factory=list)

    def __call__(self, batch):
        prediction = self.inner(batch)
        self.energies.append(prediction.energy.tolist())
        return prediction


def one_atom():
    cell = np.array([[0.1, 1.8, 1.9], [1.7, 0.0, 1.8], [1.85, 1.7, 0.1]])
    return Crystal(np.array([COPPER]), np.zeros((1, 3)), cell)


def left_handed():
    sound = crystal(5)
    return sound._replace(cell=sound.cell[[1, 0, 2]])


def ase_energies(start, potential, pressure, relaxes_cell):
    atoms = atoms_from(start)
    atoms.calc = AseCalculator(potential)
    target = ev_per_cubic_angstrom_from_gpa(pressure)
    walker = FrechetCellFilter(atoms, scalar_pressure=target) if relaxes_cell else atoms
    walk = FIRE(walker, logfile=None).irun(fmax=0, steps=NUM_STEPS)
    return [atoms.get_potential_energy() for _ in walk]


@pytest.mark.parametrize(("pressure", "relaxes_cell"), [(0.0, True), (8.0, True), (0.0, False)])
def test_every_step_of_a_batch_has_the_energies_of_ase_one_by_one(pressure, relaxes_cell):
    starts = [crystal(1), one_atom(), left_handed(), crystal(7, repeats=2)]
    if not relaxes_cell:
        starts.pop(1)  # nothing to relax: it stops at once, and ASE's FIRE divides by zero
    recorder = Recorder(lennard_jones())
    settings = RelaxSettings(
        fmax=1e-12,
        smax=1e-12,
        max_steps=NUM_STEPS,
        pressure=pressure,
        cell="free" if relaxes_cell else "fixed",
        optimizer="fire",
    )
    assert len(list(relax(starts, recorder, settings))) == len(starts)
    ours = np.array(recorder.energies).T
    for start, energies in zip(starts, ours, strict=True):
        theirs = ase_energies(start, recorder.inner, pressure, relaxes_cell)
        assert np.ptp(theirs) > 1e-3
        np.testing.assert_allclose(energies, theirs, rtol=0, atol=1e-6)


def test_the_minimum_is_that_of_ase():
    starts = {f"seed-{seed}": crystal(seed) for seed in range(3)}
    settings = RelaxSettings(fmax=1e-3, smax=1e-2)
    for result in relax(starts.items(), lennard_jones(), settings):
        atoms = atoms_from(starts[result.name])
        atoms.calc = AseCalculator(lennard_jones())
        FIRE(FrechetCellFilter(atoms), logfile=None).run(fmax=1e-3, steps=500)
        assert result.energy == pytest.approx(atoms.get_potential_energy(), abs=1e-4)
        assert abs(np.linalg.det(result.cell)) == pytest.approx(atoms.get_volume(), rel=1e-3)
