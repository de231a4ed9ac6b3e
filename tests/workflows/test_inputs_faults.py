"""What cannot be used becomes one sentence, and stops nothing else."""

from __future__ import annotations

import json
import lzma

import pytest
from input_samples import fault_of, frame, only, read, rock_salt, rock_salt_cif, written
from pymatgen.core import Lattice, Structure

from workflows.inputs import InputError, ReadLimits, read_crystals

FAULTY = {
    "empty.cif": ("", "empty"),
    "empty.extxyz": ("\n\n", "empty"),
    "empty.json": ("  ", "empty"),
    "empty.jsonl": ("", "empty"),
    "POSCAR_empty": ("", "empty"),
    "noise.cif": ("not a cif at all", "no atom sites"),
    "noise.json": ("[1, 2", "not valid JSON"),
    "noise.xyz": ("hello\nworld\n", "'hello'"),
    "scalar.json": ("3", "holds no structure"),
    "POSCAR_noise": ("a\nb\nc\n", "POSCAR"),
    "POSCAR_nameless": (
        "c\n1.0\n4 0 0\n0 4 0\n0 0 4\n1 1\ndirect\n0 0 0\n.5 .5 .5\n",
        "names no elements",
    ),
    "POSCAR_flat": ("c\n1.0\n4 0 0\n0 4 0\n0 0 0\nMg\n1\ndirect\n0 0 0\n", "cubic angstrom"),
    "element.extxyz": (frame(first="Qq"), "Qq"),
    "dummy.extxyz": (frame(first="X"), "no chemical element"),
    "cell.extxyz": ("1\nProperties=species:S:1:pos:R:3\nMg 0 0 0\n", "Lattice"),
    "slab.extxyz": (frame(extra='pbc="T T F"'), "periodic"),
    "flat.extxyz": (frame(lattice="3 0 0 0 3 0 0 0 0"), "span no volume"),
    "columns.extxyz": (frame().replace("1.5 1.5 1.5", "1.5 oops 1.5"), "extxyz"),
    "nan.extxyz": (frame().replace("1.5 1.5 1.5", "1.5 nan 1.5"), "finite"),
    "cut.extxyz": (frame()[:-20], "cut short"),
    "none.extxyz": ('0\nLattice="3 0 0 0 3 0 0 0 3"\n', "no atoms"),
    "overlap.extxyz": (frame().replace("1.5 1.5 1.5", "0.1 0.0 0.0"), "apart"),
    "broken.cif.gz": (b"\x1f\x8bnot gzip", "could not be read"),
    "broken.extxyz.xz": (lzma.compress(frame().encode() * 400)[:60], "could not be read"),
    "odd.zip": (b"PK no", "could not be read"),
    "odd.tar.gz": (b"no tar", "no tar archive"),
    "odd.xsf": ("CRYSTAL", "none of the formats"),
}


@pytest.mark.parametrize("file_name", FAULTY)
def test_what_cannot_be_used_is_one_sentence_naming_the_file(tmp_path, file_name):
    content, expected = FAULTY[file_name]
    crystals = read(written(tmp_path / file_name, content))
    sentences = [fault_of(crystal) for crystal in crystals if crystal.fault is not None]
    assert len(sentences) == 1
    assert file_name in sentences[0]
    assert expected in sentences[0]


def test_partial_occupancy_is_a_sentence(tmp_path):
    structure = Structure(Lattice.cubic(4), [{"Mg": 0.5, "Ca": 0.5}], [[0, 0, 0]])
    fault = fault_of(only(written(tmp_path / "mixed.cif", structure.to(fmt="cif"))))
    assert "ordered" in fault


def test_marks_of_held_atoms_that_make_no_sense_are_a_sentence(tmp_path):
    structure = rock_salt()
    structure.add_site_property("selective_dynamics", [["yes", "no", 3]] * len(structure))
    path = written(tmp_path / "held.json", json.dumps(structure.as_dict()))
    assert "selective_dynamics must be three truth values" in fault_of(only(path))


def test_unknown_elements_in_json_are_a_sentence(tmp_path):
    text = json.dumps(rock_salt().as_dict()).replace('"Mg"', '"Qq"')
    assert "Qq" in fault_of(only(written(tmp_path / "a.json", text)))


def test_a_bad_frame_does_not_stop_the_frames_after_it(tmp_path):
    text = frame() + frame(first="Qq") + frame(extra="name=last")
    crystals = read(written(tmp_path / "set.extxyz", text))
    assert [crystal.name for crystal in crystals] == ["set-00001", "set-00002", "last"]
    assert [crystal.fault is None for crystal in crystals] == [True, False, True]


def test_a_miscounted_frame_keeps_what_came_before_it(tmp_path):
    text = frame() + frame().replace("2\nLattice", "1\nLattice") + frame()
    crystals = read(written(tmp_path / "set.extxyz", text))
    assert crystals[0].fault is None
    assert "nothing after it was read" in fault_of(crystals[-1])


def test_documents_lines_and_crystals_have_limits(tmp_path):
    limits = ReadLimits(document_bytes=100, line_bytes=200, atoms=1)
    cif = written(tmp_path / "a.cif", rock_salt_cif())
    assert "as one document" in fault_of(only(cif, limits))
    lines = written(tmp_path / "a.jsonl", json.dumps(rock_salt().as_dict()))
    assert "holds a line of more than" in fault_of(only(lines, limits))
    assert "over the limit of 1" in fault_of(only(written(tmp_path / "a.xyz", frame()), limits))


def test_a_path_that_does_not_exist_is_an_input_error_at_once(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.cif does not exist"):
        read_crystals([tmp_path / "nowhere.cif"])
    with pytest.raises(InputError, match="No input is given"):
        read_crystals([])
