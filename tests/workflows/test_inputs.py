"""Reading candidate crystals: every record comes out once, with all that its file says."""

from __future__ import annotations

import bz2
import gzip
import itertools
import json
import lzma
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from input_samples import fault_of, frame, only, read, rock_salt, rock_salt_cif, written
from pymatgen.entries.computed_entries import ComputedStructureEntry

from workflows.inputs import read_crystals
from workflows.inputs.names import UniqueNames, clean_name

SHARED = Path(__file__).parents[3] / "shared" / "data"
COMPRESSORS = {".gz": gzip.compress, ".xz": lzma.compress, ".bz2": bz2.compress}


@pytest.mark.parametrize("file_name", ["MgO.cif", "POSCAR", "MgO.vasp", "CONTCAR_old", "MgO.json"])
def test_a_file_of_one_crystal_gives_that_crystal(tmp_path, file_name):
    structure = rock_salt()
    texts = {".cif": structure.to(fmt="cif"), ".json": json.dumps(structure.as_dict())}
    path = written(
        tmp_path / file_name, texts.get(Path(file_name).suffix, structure.to(fmt="poscar"))
    )
    crystal = only(path)
    assert crystal.fault is None
    assert crystal.origin == str(path)
    assert crystal.structure is not None
    assert crystal.structure.composition == structure.composition
    assert np.isclose(crystal.structure.volume, structure.volume)


@pytest.mark.parametrize("suffix", COMPRESSORS)
def test_compressed_files_read_like_plain_ones(tmp_path, suffix):
    lines = "".join(json.dumps(rock_salt().as_dict()) + "\n" for _ in range(3))
    texts = {
        "a.extxyz": frame() + frame(),
        "b.jsonl": lines,
        "c.cif": rock_salt_cif(),
    }
    for name, text in texts.items():
        written(tmp_path / f"{name}{suffix}", COMPRESSORS[suffix](text.encode()))
    crystals = read(tmp_path)
    assert [crystal.fault for crystal in crystals] == [None] * 6
    assert [crystal.name for crystal in crystals] == [
        "a-00001", "a-00002", "b-00001", "b-00002", "b-00003", "c",
    ]  # fmt: skip


def test_extxyz_keeps_metadata_and_site_properties(tmp_path):
    text = (
        '2\nLattice="3 0 0 0 3 0 0 0 3" '
        "Properties=species:S:1:pos:R:3:initial_magmoms:R:1:move_mask:L:3:forces:R:3 "
        "dft_e_above_hull=0.021 stable=F energy=-11.5 parent=mp-1 gap=nan $where=1\n"
        "Fe 0.0 0.0 0.0 2.5 T T F 0 0 0.1\nO 1.5 1.5 1.5 0.0 T T T 0 0 -0.1\n"
    )
    crystal = only(written(tmp_path / "set.extxyz", text))
    assert crystal.info == {
        "dft_e_above_hull": 0.021,
        "stable": False,
        "energy": -11.5,
        "parent": "mp-1",
        "gap": None,
        "_where": 1,
    }
    json.dumps(crystal.info)
    assert crystal.structure is not None
    assert crystal.structure.site_properties == {
        "magmom": [2.5, 0.0],
        "selective_dynamics": [[True, True, False], [True, True, True]],
    }


def test_poscar_keeps_selective_dynamics(tmp_path):
    structure = rock_salt()
    structure.add_site_property("selective_dynamics", [[True, True, True], [False, False, False]])
    crystal = only(written(tmp_path / "POSCAR", structure.to(fmt="poscar")))
    assert crystal.structure is not None
    assert crystal.structure.site_properties["selective_dynamics"][1] == [False, False, False]


def test_oxidation_states_survive_pymatgen_json(tmp_path):
    structure = rock_salt().add_oxidation_state_by_element({"Mg": 2, "O": -2})
    crystal = only(written(tmp_path / "MgO.json", json.dumps(structure.as_dict())))
    assert crystal.structure is not None
    assert {str(specie) for specie in crystal.structure.species} == {"Mg2+", "O2-"}


def test_json_documents_may_hold_entries_lists_and_dicts(tmp_path):
    entry = ComputedStructureEntry(rock_salt(), -12.0, entry_id="mp-1265").as_dict()
    plain = rock_salt().as_dict()
    written(tmp_path / "a.json", json.dumps(entry))
    written(tmp_path / "b.json", json.dumps([plain, entry, {"material_id": "x", **entry}]))
    written(tmp_path / "c.json", json.dumps({"first": plain, "second": entry, "third": 7}))
    crystals = read(tmp_path)
    assert [crystal.name for crystal in crystals] == [
        "mp-1265", "b-00001", "mp-1265-2", "x", "first", "second", "third",
    ]  # fmt: skip
    assert crystals[0].info["energy"] == -12.0
    assert "structure" in fault_of(crystals[-1])
    assert all(crystal.fault is None for crystal in crystals[:-1])


def test_json_lines_take_names_from_records_and_survive_bad_lines(tmp_path):
    structure = rock_salt().as_dict()
    lines = [
        json.dumps({"material_id": "mp-1", "structure": structure, "known": True}),
        "{not json",
        "",
        json.dumps({"id": 17, "structure": structure}),
        json.dumps(structure),
        json.dumps({"structure": {"lattice": {}, "sites": []}}),
        json.dumps([1, 2]),
    ]
    crystals = read(written(tmp_path / "set.jsonl", "\n".join(lines)))
    assert [c.name for c in crystals] == [
        "mp-1", "set-00002", "17", "set-00004", "set-00005", "set-00006",
    ]  # fmt: skip
    assert [c.fault is None for c in crystals] == [True, False, True, True, False, False]
    assert crystals[0].info == {"material_id": "mp-1", "known": True}
    assert fault_of(crystals[1]).startswith(f"{tmp_path}/set.jsonl#2 is not valid JSON")


def test_a_json_file_cannot_decide_which_python_module_is_imported(tmp_path):
    record = rock_salt().as_dict()
    record["sites"][0]["properties"] = {"evil": {"@module": "this", "@class": "s", "value": 1}}
    record["@module"] = "antigravity"
    crystal = only(written(tmp_path / "a.json", json.dumps(record)))
    assert crystal.fault is None
    assert crystal.structure is not None
    assert crystal.structure.site_properties["evil"][0] == {"value": 1}


def test_every_block_of_a_cif_is_read_and_a_bad_block_harms_none(tmp_path):
    good = rock_salt_cif()
    bad = good.replace("data_MgO", "data_bad").replace("_cell_length_a", "_cell_length_q")
    header = "data_global\n_publ_section_title\n;\ndata_inside a quoted text\n;\n"
    crystals = read(written(tmp_path / "many.cif", "\n".join([header, good, bad, good])))
    assert [c.fault is None for c in crystals] == [True, False, True]
    assert "CIF" in fault_of(crystals[1])
    assert crystals[2].name == "many-00003"


def test_warnings_of_cif_parsing_become_notes(tmp_path):
    text = rock_salt_cif().replace("Mg1 O1", "Mg1 O2")
    crystal = only(written(tmp_path / "a.cif", text))
    assert crystal.fault is None
    assert crystal.notes


def test_names_are_unique_across_everything_that_is_read(tmp_path):
    cif = rock_salt_cif()
    written(tmp_path / "a" / "MgO.cif", cif)
    written(tmp_path / "b" / "MgO.cif", cif)
    written(tmp_path / "c" / "POSCAR", rock_salt().to(fmt="poscar"))
    written(tmp_path / "d" / "POSCAR", rock_salt().to(fmt="poscar"))
    again = written(tmp_path / "again" / "MgO.cif", cif)
    names = [crystal.name for crystal in read(tmp_path / "a", tmp_path, again)]
    assert names == ["MgO", "MgO-2", "MgO-3", "MgO-4", "c-POSCAR", "d-POSCAR", "MgO-5"]


@given(st.lists(st.sampled_from(["a", "a-2", "a-3", "b", "", "../x", "$gt"]), max_size=30))
def test_no_name_is_given_twice(wishes):
    names = UniqueNames()
    given_names = [names.give(wish) for wish in wishes]
    assert len(set(given_names)) == len(wishes)


def test_names_hold_no_operator_path_or_markup():
    assert clean_name("$where") == "where"
    assert clean_name("../../etc/passwd") == ".._.._etc_passwd"
    assert clean_name("<b>x</b>") == "b_x_b"
    assert clean_name("\x00\n") == "crystal"
    assert len(clean_name("x" * 1000)) < 200


@pytest.mark.parametrize("kind", ["extxyz.gz", "jsonl.gz"])
def test_long_files_stream_in_constant_memory(tmp_path, kind):
    record = frame() if kind.startswith("ext") else json.dumps(rock_salt().as_dict()) + "\n"
    path = written(tmp_path / f"long.{kind}", gzip.compress(record.encode() * 250_000, 1))
    # Reading the first crystals must not depend on how many follow: 1,000,000 lines of extxyz.
    tracemalloc.start()
    crystals = list(itertools.islice(read_crystals([path]), 20))
    after_few = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    crystals = list(itertools.islice((c.fault for c in read_crystals([path])), 1_000))
    after_many = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(crystals) == 1_000
    assert after_many < after_few + 2_000_000


@pytest.mark.skipif(not SHARED.is_dir(), reason="the data beside the project are not here")
def test_the_substitution_campaign_is_read_whole_with_its_outcomes():
    crystals = read(SHARED / "campaign_substitution.extxyz.xz")
    assert len(crystals) == 788
    assert not [crystal.fault for crystal in crystals if crystal.fault]
    assert len({crystal.name for crystal in crystals}) == 788
    assert all({"dft_e_above_hull", "stable", "source"} <= set(c.info) for c in crystals)
