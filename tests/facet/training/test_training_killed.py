"""A real process, really killed."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from training_samples import write_config

from facet.checkpoint import load

ROOT = Path(__file__).resolve().parents[3]


def start(config, *arguments):
    command = [sys.executable, "-m", "facet.training", str(config), *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)


def config(folder, name):
    path = write_config(folder, name, num_steps=40)
    path.write_text(path.read_text().replace("save_every: 5", "save_every: 3"))
    return path


@pytest.mark.slow
def test_a_process_killed_at_a_random_moment_ends_with_the_same_weights(tmp_path):
    whole = start(config(tmp_path, "whole"))
    assert whole.communicate(timeout=120)[0]
    killed = start(config(tmp_path, "killed"))
    for _ in range(random.randint(1, 9)):
        killed.stdout.readline()
    time.sleep(random.uniform(0, 0.05))
    killed.kill()
    killed.communicate(timeout=60)
    assert killed.returncode == -signal.SIGKILL
    assert not (tmp_path / "killed" / "final.safetensors").exists()
    resumed = start(config(tmp_path, "killed"), "--resume")
    resumed.communicate(timeout=120)
    assert resumed.returncode == 0
    ends = [load(tmp_path / name / "final.safetensors") for name in ("whole", "killed")]
    assert ends[0].fingerprint == ends[1].fingerprint
