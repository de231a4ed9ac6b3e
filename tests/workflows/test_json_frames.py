"""Labeled frames in the JSON of public collections and in our own."""

from __future__ import annotations

import gzip
import json

import ase.units
import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from facet.errors import DataError, InvalidStructure
from workflows.frames import read_frames

FORCES = [[0.1, 0.0, -0.2], [-0.1, 0.0, 0.2]]
KILOBARS = np.array([[10.0, 1.0, 2.0], [1.0, 20.0, 3.0], [2.0, 3.0, 30.0]])
"""A compressed crystal: positive as VASP writes it, negative as ASE does."""

EXPECTED = -KILOBARS / 10 * ase.units.GPa


def rock_salt(shift=0.0):
    return Structure(Lattice.cubic(4.0), ["Na", "Cl"], [[shift, 0, 0], [0.5, 0.5, 0.5]])


def mptrj_record(**changes):
    return {
        "structure": rock_salt().as_dict(),
        "uncorrected_total_energy": -6.5,
        "corrected_total_energy": -7.5,
        "energy_per_atom": -3.75,
        "force": FORCES,
        "stress": KILOBARS.tolist(),
        "magmom": None,
        "mp_id": "mp-22862",
        **changes,
    }


def matpes_record():
    return {
        "matpes_id": "matpes-1",
        "structure": rock_salt().as_dict(),
        "energy": -6.5,
        "forces": FORCES,
        "stress": [10.0, 20.0, 30.0, 3.0, 2.0, 1.0],
        "cohesive_energy_per_atom": -1.0,
    }


def our_record(**changes):
    return {
        "structure": rock_salt().as_dict(),
        "energy": -6.5,
        "forces": FORCES,
        "stress": EXPECTED.tolist(),
        **changes,
    }


def write(path, document):
    path.write_text(json.dumps(document))
    return path


def check(frame):
    assert frame.energy == -6.5
    assert frame.crystal.species.tolist() == [11, 17]
    np.testing.assert_allclose(frame.crystal.positions, [[0, 0, 0], [2, 2, 2]])
    np.testing.assert_allclose(frame.forces, FORCES)
    np.testing.assert_allclose(frame.stress, EXPECTED)


def test_mptrj_frames_carry_their_material_and_the_sign_of_ase(tmp_path):
    document = {
        "mp-22862": {"mp-22862-0-0": mptrj_record(), "mp-22862-0-1": mptrj_record()},
        "mp-1": {"mp-1-0-0": mptrj_record(mp_id="mp-1")},
    }
    frames = list(read_frames([write(tmp_path / "mptrj.json", document)]))
    for frame in frames:
        check(frame)
    assert [each.parent for each in frames] == ["mp-22862", "mp-22862", "mp-1"]


def test_matpes_lists_are_read_plain_and_compressed(tmp_path):
    plain = write(tmp_path / "matpes.json", [matpes_record(), matpes_record()])
    packed = tmp_path / "matpes.json.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    frames = list(read_frames([plain, packed]))
    assert len(frames) == 4
    for frame in frames:
        check(frame)


def test_dft_results_are_lines_with_a_structure_or_with_arrays(tmp_path):
    arrays = our_record(
        cell=(4 * np.eye(3)).tolist(), species=["Na", 17], positions=[[0, 0, 0], [2, 2, 2]]
    )
    del arrays["structure"]
    path = tmp_path / "dft_results.jsonl"
    path.write_text("\n".join(map(json.dumps, [our_record(parent="candidate-7"), arrays, ""])))
    path.write_text(path.read_text().replace('\n""', "\n\n"))
    first, second = read_frames([path])
    check(first)
    check(second)
    assert first.parent == "candidate-7"
    assert second.parent == "dft_results.jsonl, line 2"


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (our_record(stress=None), "line 1 lacks stress"),
        (our_record(stress=[1, 2, 3, 4, 5, 6]), "stress of shape"),
        (our_record(forces=[[0, 0, 0]]), "forces of shape"),
        (mptrj_record(uncorrected_total_energy=None), "corrected energies only"),
        ({"energy": 1.0}, "line 1 is no labeled frame"),
        (our_record(energy="much"), "cannot be read as labeled frames"),
        ({**our_record(), "cell": np.eye(3).tolist(), "species": ["Na", "Xx"]}, "no chemical"),
    ],
)
def test_a_record_that_is_no_frame_is_one_sentence(tmp_path, record, message):
    path = tmp_path / "frames.jsonl"
    path.write_text(json.dumps(record))
    with pytest.raises(DataError, match=message):
        list(read_frames([path]))


def test_disordered_and_degenerate_crystals_are_named(tmp_path):
    mixed = Structure(Lattice.cubic(4.0), [{"Na": 0.5, "K": 0.5}, "Cl"], [[0] * 3, [0.5] * 3])
    path = write(tmp_path / "a.json", [our_record(structure=mixed.as_dict())])
    with pytest.raises(DataError, match=r"a\.json, 0 has partially occupied sites"):
        list(read_frames([path]))
    flat = our_record(cell=np.zeros((3, 3)).tolist(), species=[11, 17], positions=[[0] * 3] * 2)
    path = write(tmp_path / "b.json", [flat])
    with pytest.raises(InvalidStructure, match=r"b\.json, 0"):
        list(read_frames([path]))


@pytest.mark.parametrize("document", [{"a": 1}, {"a": {"b": 2}}, [[1]], [{}, 3]])
def test_other_documents_are_refused(tmp_path, document):
    path = write(tmp_path / "other.json", document)
    with pytest.raises(DataError, match=r"other\.json"):
        list(read_frames([path]))
