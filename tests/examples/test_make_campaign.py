"""The example campaign: known before it is relaxed to be sensible, balanced, blind and complete."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from campaign_tables import CHARGES, SPACE_GROUPS, TEXTBOOK_VOLUMES
from pymatgen.core import Composition, Element, Species, Structure
from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

from workflows.inputs import InputCrystal, read_crystals

REPOSITORY = Path(__file__).parents[2]


def make(folder: Path, *options: str) -> Path:
    command = [sys.executable, "examples/make_campaign.py", "--out", str(folder), *options]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    for name in ("candidates.extxyz", "reference.jsonl", "controls.json"):
        assert str(folder / name) in done.stdout
    return folder


@pytest.fixture(scope="module")
def campaign(tmp_path_factory) -> Path:
    return make(tmp_path_factory.mktemp("made") / "campaign")


def crystals(path: Path) -> dict[str, InputCrystal]:
    return {crystal.name: crystal for crystal in read_crystals([path])}


@pytest.fixture(scope="module")
def candidates(campaign) -> dict[str, InputCrystal]:
    return crystals(campaign / "candidates.extxyz")


@pytest.fixture(scope="module")
def references(campaign) -> dict[str, InputCrystal]:
    return crystals(campaign / "reference.jsonl")


@pytest.fixture(scope="module")
def controls(campaign) -> list[dict[str, str]]:
    return json.loads((campaign / "controls.json").read_text())


def structure_of(crystal: InputCrystal) -> Structure:
    assert crystal.structure is not None, crystal.fault
    return crystal.structure


def formulas(crystals: dict[str, InputCrystal]) -> set[str]:
    return {structure_of(c).composition.reduced_formula for c in crystals.values()}


def nearest_anion(structure: Structure, index: int) -> float:
    anions = {"O", "F", "Cl", "Br"}
    near = structure.get_neighbors(structure[index], 5.0)
    return min(n.nn_distance for n in near if n.specie.symbol in anions)


def test_the_campaign_has_the_promised_size(candidates, references, controls):
    assert 230 <= len(candidates) <= 260
    assert len(references) <= 130
    assert len(controls) >= 20
    assert max(len(structure_of(c)) for c in candidates.values()) <= 14
    everything = [*candidates.values(), *references.values()]
    assert sum(len(structure_of(crystal)) for crystal in everything) < 2500


def test_every_candidate_is_a_crystal_of_its_own(candidates):
    kinds = [(c.info["formula"], c.info["prototype"]) for c in candidates.values()]
    assert len(set(kinds)) == len(candidates)


def test_no_atoms_are_too_close(candidates, references):
    for crystal in candidates.values():
        assert structure_of(crystal).get_neighbor_list(5.0)[3].min() > 1.6, crystal.info
    for crystal in references.values():
        assert structure_of(crystal).get_neighbor_list(6.0)[3].min() > 1.0, crystal.info


def test_every_candidate_is_charge_balanced(candidates):
    for crystal in candidates.values():
        amounts = structure_of(crystal).composition.get_el_amt_dict()
        states = product(*(CHARGES[symbol] for symbol in amounts))
        totals = [sum(q * n for q, n in zip(s, amounts.values(), strict=True)) for s in states]
        assert 0 in totals, crystal.info


def test_nothing_marks_the_controls_among_the_candidates(campaign, candidates, controls):
    text = (campaign / "candidates.extxyz").read_text().lower()
    assert not [word for word in ("control", "known", "goldschmidt") if word in text]
    assert {frozenset(c.info) for c in candidates.values()} == {
        frozenset({"material_id", "formula", "prototype"})
    }
    ranks = sorted(int(record["material_id"].split("-")[1]) for record in controls)
    # Spread over the whole file: no third of it is without controls.
    assert ranks[0] < len(candidates) / 3 < ranks[len(ranks) // 2] < 2 * len(candidates) / 3
    assert ranks[-1] > 2 * len(candidates) / 3


def test_every_control_is_a_candidate(candidates, controls):
    for record in controls:
        candidate = candidates[record["material_id"]]
        written = Composition(record["written"])
        assert structure_of(candidate).composition.reduced_composition == written
        assert candidate.info["formula"] == record["formula"]
        assert candidate.info["prototype"] == record["prototype"]
        assert record["known_as"]


def test_no_candidate_is_among_the_competing_phases(candidates, references):
    assert not formulas(candidates) & formulas(references)
    assert max(len(structure_of(c).composition) for c in references.values()) == 2


def test_every_element_of_the_campaign_has_an_elemental_phase(candidates, references):
    of_candidates = {e for c in candidates.values() for e in structure_of(c).composition.elements}
    pure = {
        structure_of(c).composition.elements[0]
        for c in references.values()
        if structure_of(c).composition.is_element
    }
    assert of_candidates == pure


def test_every_atom_has_a_neighbor_within_five_angstrom(candidates, references):
    for crystal in (*candidates.values(), *references.values()):
        structure = structure_of(crystal)
        centers = structure.get_neighbor_list(4.95)[0]
        assert set(centers) == set(range(len(structure))), crystal.info


def test_every_cation_competes_as_a_binary_with_each_anion_it_meets(candidates, references):
    anions = {Element(symbol) for symbol in ("O", "F", "Cl", "Br")}
    binaries = {frozenset(structure_of(c).composition.elements) for c in references.values()}
    for crystal in candidates.values():
        elements = set(structure_of(crystal).composition.elements)
        for cation, anion in product(elements - anions, elements & anions):
            assert frozenset({cation, anion}) in binaries, crystal.info


@pytest.mark.filterwarnings("ignore:Set OLD_ERROR_HANDLING:DeprecationWarning")
def test_the_prototypes_have_their_symmetry(tmp_path):
    still = make(tmp_path / "still", "--rattle", "0")
    found = {**crystals(still / "candidates.extxyz"), **crystals(still / "reference.jsonl")}
    seen = set()
    for crystal in found.values():
        prototype = crystal.info["prototype"]
        if prototype in SPACE_GROUPS and prototype not in seen:
            seen.add(prototype)
            group = SpacegroupAnalyzer(structure_of(crystal), 0.01).get_space_group_symbol()
            assert group == SPACE_GROUPS[prototype], prototype
    assert seen == set(SPACE_GROUPS)


def test_the_octahedra_of_perovskites_hold_the_smaller_cation(candidates):
    large = {"Fe": 3, "Ti": 4}
    for crystal in candidates.values():
        if crystal.info["prototype"] != "perovskite":
            continue
        structure = structure_of(crystal)
        cations = [
            i for i, s in enumerate(structure) if s.specie.symbol not in ("O", "F", "Cl", "Br")
        ]
        outer, inner = sorted(cations, key=lambda i: nearest_anion(structure, i), reverse=True)
        outer_symbol, inner_symbol = structure[outer].specie.symbol, structure[inner].specie.symbol
        if inner_symbol not in large and outer_symbol not in large:
            radii = [
                Species(symbol, CHARGES[symbol][0]).get_shannon_radius("VI")
                for symbol in (outer_symbol, inner_symbol)
            ]
            assert radii[0] > radii[1], crystal.info
        assert nearest_anion(structure, outer) > 1.25 * nearest_anion(structure, inner)


@pytest.mark.parametrize(("formula", "prototype"), TEXTBOOK_VOLUMES)
def test_unrelaxed_volumes_are_near_the_measured_ones(candidates, references, formula, prototype):
    reduced = Composition(formula).reduced_formula
    found = [
        structure_of(c)
        for c in (*candidates.values(), *references.values())
        if (c.info["formula"], c.info["prototype"]) == (reduced, prototype)
    ]
    assert len(found) == 1
    volume = found[0].volume / len(found[0])
    assert volume == pytest.approx(TEXTBOOK_VOLUMES[formula, prototype], rel=0.15)


def test_molecules_have_their_bond_length(references):
    bonds = {"O2": 1.21, "F2": 1.41, "Cl2": 1.99, "Br": 2.28, "Cl": 1.99, "F": 1.41, "O": 1.21}
    molecular = [
        structure_of(c)
        for c in references.values()
        if structure_of(c).composition.is_element and c.info["formula"] in bonds
    ]
    assert len(molecular) >= 6
    for structure in molecular:
        shortest = structure.get_neighbor_list(3.0)[3].min()
        assert shortest == pytest.approx(bonds[structure[0].specie.symbol], abs=0.1)


def test_the_same_seed_makes_the_same_files_and_another_seed_others(campaign, tmp_path):
    again = make(tmp_path / "again")
    other = make(tmp_path / "other", "--seed", "7")
    for name in ("candidates.extxyz", "reference.jsonl", "controls.json"):
        assert (again / name).read_bytes() == (campaign / name).read_bytes()
        assert (other / name).read_bytes() != (campaign / name).read_bytes()


def test_the_rattle_moves_every_atom_a_little(candidates):
    crystal = next(c for c in candidates.values() if c.info["prototype"] == "perovskite")
    structure = structure_of(crystal)
    ideal = np.round(structure.frac_coords * 2) / 2
    moved = np.linalg.norm((structure.frac_coords - ideal) @ structure.lattice.matrix, axis=1)
    assert moved.min() > 0
    assert moved.max() < 0.12
