"""The whole suite, its table, and the command line."""

from __future__ import annotations

import json

import pytest
from evaluation_samples import POTENTIAL, write_data

from facet.errors import ConfigError, DataError
from facet.testing import LennardJones
from screening.errors import MixedSchemes
from screening.schemes import UNCORRECTED
from workflows.evaluation.suite import PARTS, joined, read_results, run_suite
from workflows.evaluation.table import markdown


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_data(tmp_path_factory.mktemp("data"))


def test_one_table_holds_every_part_and_every_potential(data):
    told = []
    first = run_suite(POTENTIAL, "first", data, tell=told.append)
    assert told == list(PARTS)
    second = run_suite(
        LennardJones(epsilon=0.1001, energy_scheme=UNCORRECTED), "other", data, limit=1
    )
    table = markdown(joined([first, second])).splitlines()
    assert table[0] == "| part | measure | first | other |"
    assert any(line.startswith("| MPtrj, random | energy MAE, meV/atom | 10.0 |") for line in table)
    assert "| MPtrj, random | frames | 2 | 1 |" in table
    for heading in ("dimers", "elasticity", "equation of state", "WBM, relaxed", "WBM, guess"):
        assert any(line.startswith(f"| {heading} |") for line in table)
    assert any("stable: recall | 1.000 (" in line for line in table)
    assert json.dumps(first)


def test_parts_that_were_run_apart_share_a_column(data):
    curves = run_suite(POTENTIAL, "same", data, parts=["dimers"])
    frames = run_suite(POTENTIAL, "same", data, parts=["frames"])
    document = joined([curves, frames])
    (result,) = document["potentials"]
    assert set(result["parts"]) == set(result["seconds"]) == {"dimers", "frames"}
    assert markdown(document).startswith("| part | measure | same |")
    assert "elasticity" not in markdown(document)


def test_energies_of_another_scheme_are_refused(data):
    with pytest.raises(MixedSchemes, match="model energies"):
        run_suite(LennardJones(), "other", data)


def test_a_part_or_a_folder_that_is_not_there_is_one_sentence(data, tmp_path):
    with pytest.raises(ConfigError, match="no part colors; choose from frames, dimers"):
        run_suite(POTENTIAL, "any", data, parts=["colors"])
    with pytest.raises(DataError, match="There is no folder"):
        run_suite(POTENTIAL, "any", tmp_path / "nowhere")
    (tmp_path / "x.json").write_text('{"suite": "other"}')
    with pytest.raises(DataError, match="holds no results"):
        read_results(tmp_path / "x.json")


def test_the_command_writes_the_table_and_the_document(facet, data, tmp_path):
    command = ("evaluate", "--suite", "dft", "--data", data, "--part", "dimers", "--limit", 1)
    told = facet(*command, "--out", tmp_path / "new" / "folder")
    assert told.code == 0
    assert told.err == "Measuring dimers.\n"
    assert (tmp_path / "new" / "folder" / "suite-dft.md").read_text() == told.out
    document = tmp_path / "new" / "folder" / "suite-dft.json"
    kept = json.loads(document.read_text())
    assert kept["potentials"][0]["name"] == "facet-s"
    kept["potentials"][0].update(name="rival", fingerprint="0" * 64)
    document.write_text(json.dumps(kept))
    beside = facet(*command, "--beside", document, "--json").document
    assert [each["name"] for each in beside["potentials"]] == ["facet-s", "rival"]


def test_mistakes_end_in_one_sentence(facet, data, tmp_path):
    (tmp_path / "file").write_text("")
    suite = ("evaluate", "--suite", "dft", "--data", data)
    mistakes = {
        ("evaluate",): "Give either files of labeled frames or --suite dft",
        (*suite, tmp_path / "frames.npz"): "Give either",
        ("evaluate", "--suite", "hft"): "There is no suite 'hft'",
        (*suite, "--part", "colors"): "The suite has no part colors",
        (*suite, "--potential", f"mace:{tmp_path / 'none.model'}"): "none.model cannot be read",
        (*suite, "--potential", f"mace:{tmp_path / 'file'}"): "if you trust this one",
        (*suite, "--out", tmp_path / "file"): "cannot be made",
        (*suite, "--beside", tmp_path / "no.json"): "There is no file",
    }
    for arguments, sentence in mistakes.items():
        ended = facet(*arguments)
        assert (ended.code, ended.out) == (1, ""), arguments
        assert sentence in ended.err
        assert len(ended.err.strip().splitlines()) == 1


def test_frames_are_told_by_family_and_element_with_a_plot(facet, data, tmp_path):
    frames = data / "mptrj-random-1k.xyz.xz"
    told = facet("evaluate", frames, "--json", "--plots", tmp_path / "plots")
    (row,) = told.document["results"]
    assert row["elements"]["Cu"]["num_frames"] == 2
    assert row["families"]["intermetallics"]["num_frames"] == 1
    assert (tmp_path / "plots" / "parity-mptrj-random-1k.png").stat().st_size > 1000
    text = facet("evaluate", frames).out
    assert "by chemical family" in text
    assert "elements in whose frames the energy is worst" in text
