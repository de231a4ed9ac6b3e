"""Promises of the log, the curves and the run card."""

import json
import re

import pytest
import torch
from training_samples import write_config

from facet.checkpoint import read_checkpoint
from facet.config import FACET_S
from facet.training.card import revision, run_card
from facet.training.curves import draw
from facet.training.journal import Journal
from facet.training.loop import Trainer
from facet.training.settings import TrainSettings, read_settings


def nothing(_values):
    pass


def test_a_resumed_run_forgets_what_came_after_its_state(tmp_path):
    journal = Journal(tmp_path)
    for step in (5, 10, 15):
        journal.append({"step": step, "loss": 1.0})
    with (tmp_path / "log.jsonl").open("a") as file:
        file.write('{"step": 20, "lo')
    journal.forget_after(10)
    assert [each["step"] for each in journal.entries()] == [5, 10]


def test_the_log_of_a_killed_run_is_that_of_a_whole_one(tmp_path):
    def logged(name):
        lines = (tmp_path / name / "log.jsonl").read_text().splitlines()
        return [{**json.loads(line), "seconds": 0} for line in lines]

    def kill(values):
        if values["step"] == 10 and "energy_mae" in values:
            raise KeyboardInterrupt

    Trainer(read_settings(write_config(tmp_path, "whole"))).run(nothing)
    settings = read_settings(write_config(tmp_path, "killed"))
    with pytest.raises(KeyboardInterrupt):
        Trainer(settings).run(kill)
    Journal(tmp_path / "killed").append({"step": 12, "loss": 9.0})
    resumed = Trainer(settings)
    resumed.resume()
    resumed.run(nothing)
    assert logged("killed") == logged("whole")


def test_a_new_run_in_an_old_folder_starts_its_log_anew(tmp_path):
    settings = read_settings(write_config(tmp_path, "run"))
    for _ in range(2):
        Trainer(settings).run(nothing)
    entries = Journal(tmp_path / "run").entries()
    assert [each["step"] for each in entries] == [5, 10, 10, 15, 15]


def test_curves_are_drawn_from_the_log_without_any_library(tmp_path):
    Trainer(read_settings(write_config(tmp_path, "run"))).run(nothing)
    page = (tmp_path / "run" / "curves.html").read_text()
    names = re.findall('aria-label="([A-Z][a-z]+)', page)
    assert names == ["Loss", "Energy", "Force", "Stress"]
    loss = re.search('points="([^"]*)"', page)[1].split()
    assert len(loss) == 3
    assert "<script" not in page


def test_curves_stay_inside_their_panel_and_go_down_with_the_error():
    entries = [{"step": step, "loss": 100 / step, "energy_mae": None} for step in (1, 10, 100)]
    page = draw([*entries, {"step": 200, "loss": float("nan")}], "<a run>")
    assert "&lt;a run&gt;" in page
    assert page.count("<svg") == 1
    places = re.search('points="([^"]*)"', page)[1].split()
    heights = [float(place.split(",")[1]) for place in places]
    assert len(heights) == 3
    assert heights == sorted(heights)
    assert 16 < heights[0] < heights[-1] < 260


def test_the_run_card_says_what_the_run_was_made_of(tmp_path):
    trainer = Trainer(read_settings(write_config(tmp_path, "run")))
    path = trainer.run(nothing)
    card = json.loads((tmp_path / "run" / "card.json").read_text())
    assert card["data_sha256"] == trainer.frames.digest()
    assert card["settings"]["batch_size"] == 4
    assert card["seed"] == 0
    assert card["step"] == 15
    assert card["seconds"] > 0
    assert card["hardware"]
    _, _, carried = read_checkpoint(path)
    assert {key: carried[key] for key in card} == card


def test_a_folder_without_git_has_no_revision(tmp_path):
    assert revision(tmp_path) is None


def test_a_card_that_travels_with_weights_names_no_folder_of_the_machine(tmp_path):
    settings = TrainSettings(
        model=FACET_S, shards=str(tmp_path / "labels-*.npz"), output=str(tmp_path / "run")
    )
    card = run_card(settings, torch.device("cpu"))
    assert str(tmp_path) not in json.dumps(card)
    assert card["settings"]["shards"] == "labels-*.npz"
