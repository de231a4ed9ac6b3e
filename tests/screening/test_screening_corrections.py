import warnings
from importlib.metadata import version

import pytest
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure
from pymatgen.entries.compatibility import MaterialsProject2020Compatibility
from pymatgen.entries.computed_entries import ComputedEntry

from screening.corrections import corrected, mp2020_corrected
from screening.entries import make_entry
from screening.errors import MixedSchemes, ScreeningError
from screening.reference import formation_energy_per_atom


def hematite() -> Structure:
    return Structure.from_spacegroup(
        "R-3c",
        Lattice.hexagonal(5.04, 13.75),
        ["Fe", "O"],
        [[0, 0, 0.3553], [0.3059, 0, 0.25]],
    ).get_primitive_structure()


def test_hematite_is_shifted_for_oxygen_and_for_u_and_each_shift_is_told():
    result = mp2020_corrected(make_entry("hematite", hematite(), -67.0))
    told = {item.name: item.value for item in result.adjustments}
    assert told == pytest.approx(
        {
            "MP2020 anion correction (oxide)": 6 * -0.687,
            "MP2020 GGA/GGA+U mixing correction (Fe)": 4 * -2.256,
        }
    )
    assert result.total == pytest.approx(-67.0 + sum(told.values()))
    assert (result.total + 67.0) / 10 == pytest.approx(-1.3146)
    assert result.pymatgen_version == version("pymatgen")


def test_an_element_is_not_corrected(rocksalt):
    iron = Structure(Lattice.cubic(2.86), ["Fe", "Fe"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    assert mp2020_corrected(make_entry("iron", iron, -16.9)).adjustments == ()


def test_a_peroxide_is_known_by_its_distances():
    structure = Structure(
        Lattice.tetragonal(3.8, 6.9),
        ["Ba", "Ba", "O", "O", "O", "O"],
        [
            [0, 0, 0],
            [0.5, 0.5, 0.5],
            [0, 0, 0.392],
            [0, 0, 0.608],
            [0.5, 0.5, 0.892],
            [0.5, 0.5, 0.108],
        ],
    )
    result = mp2020_corrected(make_entry("BaO2", structure, -35.0))
    assert [item.name for item in result.adjustments] == ["MP2020 anion correction (peroxide)"]


def test_the_entry_itself_stays_uncorrected():
    entry = make_entry("hematite", hematite(), -67.0)
    mp2020_corrected(entry)
    assert entry.energy == -67.0
    assert entry.data == {}


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({}, "run type None"),
        ({"run_type": "R2SCAN"}, "run type R2SCAN"),
        ({"run_type": "GGA", "hubbards": {}}, r"Invalid U value of 0\.0 on Fe, expected 5\.3"),
        ({"run_type": "GGA+U", "hubbards": {"Fe": 4.0}}, r"Invalid U value of 4\.0 on Fe"),
    ],
)
def test_an_entry_that_pymatgen_would_silently_discard_is_named(parameters, told):
    entry = ComputedEntry("Fe2O3", -30.0, parameters=parameters, entry_id="odd-one")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert MaterialsProject2020Compatibility(check_potcar=False).process_entry(entry) is None
    with pytest.raises(ScreeningError, match=f"entry odd-one.*{told}.*leave it out") as caught:
        mp2020_corrected(entry)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_a_failed_guess_of_oxidation_states_is_no_warning():
    entry = ComputedEntry("Li7Cl", -20.0, parameters={"run_type": "GGA"}, entry_id="x")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(mp2020_corrected(entry).adjustments) == 1


def test_energies_that_carry_mp2020_already_are_left_alone():
    entry = make_entry("hematite", hematite(), -80.0)
    assert corrected(entry, "MP2020").total == -80.0
    assert corrected(entry, "PBE+U uncorrected") == mp2020_corrected(entry)


def test_a_potential_of_another_functional_is_refused():
    entry = make_entry("hematite", hematite(), -80.0)
    with pytest.raises(MixedSchemes, match="'R2SCAN', which cannot meet MP2020"):
        corrected(entry, "R2SCAN")


def test_our_shortcut_for_oxidation_states_changes_no_correction(wbm_rows):
    scheme = MaterialsProject2020Compatibility(check_potcar=False)
    for info, structure in wbm_rows[::10]:
        entry = make_entry(info["id"], structure, info["energy_uncorrected"])
        ours = mp2020_corrected(entry).total
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = scheme.process_entry(entry).energy
        assert ours == pytest.approx(theirs, abs=1e-9)


def test_the_chain_from_raw_energies_to_formation_energies_is_that_of_wbm(wbm_rows, known_phases):
    errors = []
    for info, structure in wbm_rows:
        entry = make_entry(info["id"], structure, info["energy_uncorrected"])
        formation = formation_energy_per_atom(
            structure.composition.get_el_amt_dict(),
            mp2020_corrected(entry).total,
            known_phases.element_energies,
        )
        errors.append(abs(formation - info["dft_e_form"]))
    within = sum(error < 1e-3 for error in errors)
    assert len(errors) == 493
    assert within >= 492


def in_a_row(symbols: str, step: float) -> Structure:
    species = symbols.split()
    sites = [[0, 0, index / len(species)] for index in range(len(species))]
    return Structure(Lattice.orthorhombic(6, 6, step * len(species)), species, sites)


@pytest.mark.filterwarnings("ignore:Failed to guess oxidation states:UserWarning")
@pytest.mark.filterwarnings("ignore:Set OLD_ERROR_HANDLING:DeprecationWarning")
@pytest.mark.parametrize("step", [1.6, 2.4])
@pytest.mark.parametrize(
    "symbols",
    ["Zn S", "Fe S S", "S Zn S N", "S O S Ca O O", "K S Cl", "Cu Cu Al", "Na Cl", "Se Sb Te",
     "Ti O O", "H Pd Si", "S I", "Li N H", "C S S"],
)  # fmt: skip
def test_what_is_told_beforehand_changes_no_correction(symbols, step):
    entry = make_entry("x", in_a_row(symbols, step), -20.0)
    scheme = MaterialsProject2020Compatibility(check_potcar=False)
    asked = [(each.name, float(each.value)) for each in scheme.get_adjustments(entry.copy())]
    assert [(each.name, each.value) for each in mp2020_corrected(entry).adjustments] == asked


def test_an_entry_that_is_corrected_stays_as_it_is():
    entry = make_entry("x", in_a_row("Zn S", 2.4), -20.0)
    mp2020_corrected(entry)
    assert entry.data == {}
    assert entry.energy_adjustments == []
