"""The SLURM scripts run as they stand, with a scheduler that only writes down what it is asked."""

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.main import get_command

from db.client import open_database
from db.embedded import find_mongod
from db.errors import DbError
from db.settings import DbSettings
from workflows.cli.main import app

FOLDER = Path(__file__).parents[2] / "examples" / "slurm"
SCRIPTS = sorted(FOLDER.glob("*.sh"))
BASH = shutil.which("bash")
ROOT = FOLDER.parents[1]
SECONDS_TO_FOUND = 90.0


def calls_of_facet(script):
    """Command lines of ``facet`` in a script, variables replaced by a number."""
    text = re.sub(r"\\\n\s*", " ", script.read_text())
    for line in text.splitlines():
        found = re.search(r"(?:^|[\s(])facet (?P<words>[a-z][^)#&]*)", line.strip())
        if found and not line.startswith("#"):
            plain = re.sub(r"\$\{[^}]*\}|\$\w+", "2", found["words"])
            yield shlex.split(plain.split(";")[0])


@pytest.fixture
def bin_folder(tmp_path, monkeypatch):
    """A folder of programs that come before all others."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


def write_program(path, text):
    path.write_text(f"#!{BASH}\n{text}\n")
    path.chmod(0o755)


def run(script, *arguments):
    return subprocess.run(
        [BASH, FOLDER / script, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda each: each.name)
def test_bash_can_read_every_script(script):
    checked = subprocess.run([BASH, "-n", script], capture_output=True, check=False, timeout=60)
    assert (checked.returncode, checked.stderr) == (0, b"")
    assert os.access(script, os.X_OK)
    assert "set -euo pipefail" in script.read_text()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda each: each.name)
def test_every_call_of_facet_is_one_of_the_command_line(script):
    calls = list(calls_of_facet(script))
    assert calls
    for words in calls:
        command = get_command(app)
        while hasattr(command, "commands"):
            command = command.commands[words.pop(0)]
        assert command.make_context(command.name, words)


@pytest.mark.parametrize("name", ["worker-gpu.sh", "worker-cpu.sh"])
def test_a_worker_takes_the_place_of_its_shell_and_the_variables_of_the_file(
    name, bin_folder, tmp_path
):
    write_program(bin_folder / "facet", 'echo "$$ $FACET_MONGO_URI $OMP_NUM_THREADS $*"')
    (tmp_path / "facet.env").write_text("FACET_MONGO_URI='mongodb://facet@db/?a=1&b=2'\n")
    process = subprocess.Popen(
        [BASH, FOLDER / name, tmp_path / "facet.env"], stdout=subprocess.PIPE, text=True
    )
    printed, _ = process.communicate(timeout=60)
    assert printed.startswith(f"{process.pid} mongodb://facet@db/?a=1&b=2 1 worker --device")
    assert "#SBATCH --signal=B:TERM@" in (FOLDER / name).read_text()


@pytest.fixture
def scheduler(bin_folder, tmp_path):
    """Runs again.sh on a campaign of some status; returns what was asked of the scheduler."""

    def call(answer, *rounds):
        log = tmp_path / "asked"
        log.write_text("")
        write_program(bin_folder / "sbatch", f'echo "$*" >> {log}; echo "17;cluster"')
        write_program(bin_folder / "facet", answer)
        ended = run("again.sh", "c0ffee", "workers.sh", *rounds)
        return ended, log.read_text().splitlines()

    return call


def status(text, control="active"):
    return f"""echo '{{"status": "{text}", "control": "{control}"}}'"""


@pytest.mark.parametrize(
    "place", [("finished", "active"), ("running", "cancelled"), ("submitted", "paused")]
)
def test_a_campaign_that_is_over_or_held_gets_no_more_workers(scheduler, place):
    ended, asked = scheduler(status(*place))
    assert (ended.returncode, asked) == (0, [])


def test_an_unfinished_campaign_gets_workers_and_is_looked_at_after_them(scheduler):
    ended, asked = scheduler(status("running"), "3")
    assert ended.returncode == 0
    assert asked[0] == "--parsable workers.sh"
    words = asked[1].split()
    assert words[0] == "--dependency=afterany:17"
    assert words[1].endswith("again.sh")
    assert words[2:] == ["c0ffee", "workers.sh", "2"]


def test_a_campaign_that_never_ends_does_not_get_workers_for_ever(scheduler):
    ended, asked = scheduler(status("running"), "0")
    assert (ended.returncode, asked) == (1, [])
    assert "No round is left" in ended.stderr


def test_no_worker_waits_for_a_database_that_is_away(scheduler):
    ended, asked = scheduler("exit 1", "3")
    assert ended.returncode == 0
    (again,) = asked
    assert again.startswith("--begin=now+10minutes ")
    assert again.endswith("c0ffee workers.sh 2")


@pytest.fixture
def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def database_job(bin_folder, tmp_path, monkeypatch):
    """Starts database.sh as a job; whatever still runs at the end is ended by its process id."""
    write_program(
        bin_folder / "facet", f'cd {ROOT} && exec {sys.executable} -m workflows.cli.main "$@"'
    )
    monkeypatch.setenv("DATABASE_HOST", "127.0.0.1")
    monkeypatch.setenv("FACET_MONGOD", str(find_mongod().path))
    jobs = []

    def start(folder, *port):
        jobs.append(
            subprocess.Popen(
                [BASH, FOLDER / "database.sh", folder, *port],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
        return jobs[-1]

    yield start
    for job in jobs:
        if job.poll() is None:
            job.terminate()
        job.communicate(timeout=60)


def wait_for(path, job):
    deadline = time.monotonic() + SECONDS_TO_FOUND
    while not path.exists():
        assert job.poll() is None, job.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.1)


def settings_in(path, home):
    given = dict(line.split("=", 1) for line in path.read_text().splitlines())
    values = {name.removeprefix("FACET_").lower(): each.strip("'") for name, each in given.items()}
    return DbSettings(**values, home=home)


@pytest.mark.integration
def test_the_database_of_a_job_keeps_its_data_for_the_next_job(database_job, tmp_path, free_port):
    folder = tmp_path / "database"
    for turn in range(2):
        job = database_job(folder, str(free_port))
        wait_for(folder / "facet.env", job)
        settings = settings_in(folder / "facet.env", tmp_path)
        with open_database(settings) as database:
            assert database.kept.count_documents({}) == turn
            database.kept.insert_one({"_id": turn})
        elsewhere = settings.model_copy(update={"database": "another"})
        with pytest.raises(DbError, match="may not do this"), open_database(elsewhere) as other:
            other.kept.insert_one({"_id": turn})
        job.send_signal(signal.SIGTERM)
        printed, _ = job.communicate(timeout=60)
        assert job.returncode == 0
        assert not (folder / "facet.env").exists()
        for name in ("keyfile", "root.password", "facet.password"):
            secret = folder / name
            assert secret.stat().st_mode & 0o777 == 0o600
            assert secret.read_text().strip() not in printed


def test_a_database_job_whose_port_is_taken_ends_and_says_where_to_look(database_job, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        folder = tmp_path / "database"
        job = database_job(folder, str(taken.getsockname()[1]))
        printed, _ = job.communicate(timeout=SECONDS_TO_FOUND)
    assert job.returncode == 1
    assert f"{folder}/mongod.log says why" in printed
    assert "Address already in use" in (folder / "mongod.log").read_text()
