"""``facet label``, and the names of labelers that it takes."""

from __future__ import annotations

import fcntl
import json

import pytest
from labeling_samples import EMT_PATH, FEW, write_metals

from workflows.labeling.calculators import CalculatorSpec, load_labeler
from workflows.labeling.labelers import AseLabeler, PotentialLabeler


def test_label_writes_shards_and_one_document(facet, tmp_path):
    path = write_metals(tmp_path)
    options = ["--calculator", EMT_PATH, "--out", tmp_path / "out", "--frames", FEW]
    ended = facet("label", path, *options, "--limit", 2, "--json")
    assert ended.code == 0
    assert ended.document["num_parents"] == 2
    assert (tmp_path / "out" / "labels-00000.npz").is_file()
    assert json.loads((tmp_path / "out" / "manifest.json").read_text()) == ended.document
    assert "frames/s" in ended.err
    again = facet("label", path, *options, "--limit", 2)
    assert "from before" in again.err
    assert f"{ended.document['num_frames']} frames of 2 crystals" in again.out


def test_strict_tells_of_rejected_inputs(facet, tmp_path):
    path = write_metals(tmp_path)
    path.write_text(path.read_text() + "{broken\n")
    ended = facet("label", path, "--calculator", EMT_PATH, "--out", tmp_path / "out", "--strict")
    assert ended.code == 3
    assert "rejected: " in ended.out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--calculator", "no.such.module:EMT"], "cannot be imported"),
        (["--calculator", "ase.calculators.emt:NoSuch"], "cannot be imported"),
        (["--calculator", "facet-xxl"], "no bundled potential"),
        (["--calculator", "gone.safetensors"], "no bundled potential"),
        (["--calculator", "labeling_samples:nothing_of_use"], "neither an ASE calculator nor"),
        (["--calculator", EMT_PATH, "--arguments", "[1]"], "must be a JSON object"),
        (["--calculator", EMT_PATH, "--arguments", "{"], "are no JSON"),
        (["--calculator", "labeling_samples:pairs", "--arguments", '{"a": 1}'], "correct --arg"),
        (["--calculator", EMT_PATH, "--frames", "wild=3"], "no number of frames"),
        (["--calculator", EMT_PATH, "--exclude", "absent.xyz"], "does not exist"),
    ],
)
def test_a_mistake_ends_in_one_sentence(facet, tmp_path, options, words):
    ended = facet("label", write_metals(tmp_path), "--out", tmp_path / "out", *options)
    assert ended.code == 1
    assert words in ended.err
    assert "Traceback" not in ended.err
    assert not (tmp_path / "out").exists()


def test_two_runs_do_not_share_a_folder(facet, tmp_path):
    (tmp_path / "out").mkdir()
    with (tmp_path / "out" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        path = write_metals(tmp_path)
        ended = facet("label", path, "--calculator", EMT_PATH, "--out", tmp_path / "out")
    assert ended.code == 1
    assert "Another run is writing" in ended.err


def test_a_name_becomes_what_it_stands_for():
    assert isinstance(load_labeler(CalculatorSpec("facet-s")).labeler, PotentialLabeler)
    assert isinstance(
        load_labeler(CalculatorSpec("labeling_samples.pairs")).labeler, PotentialLabeler
    )
    assert isinstance(load_labeler(CalculatorSpec(EMT_PATH)).labeler, AseLabeler)


def test_a_manifest_holds_the_content_of_files_and_no_secrets(tmp_path):
    (tmp_path / "weights").write_text("numbers")
    arguments = json.dumps({"api_key": "hush", "scale": str(tmp_path / "weights")})
    facts = load_labeler(CalculatorSpec("labeling_samples:takes_a_secret", arguments)).facts
    assert "hush" not in str(facts)
    assert str(tmp_path) not in str(facts)
    assert facts["arguments"]["scale"]["file"] == "weights"
    assert len(facts["arguments"]["scale"]["sha256"]) == 64
