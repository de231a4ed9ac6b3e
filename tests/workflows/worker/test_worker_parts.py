"""Settings, logs, metrics and supervision of workers."""

from __future__ import annotations

import io
import json
import logging
import re
import socket
from datetime import UTC, datetime
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from facet.errors import ConfigError
from workflows.worker import supervisor
from workflows.worker.logs import JsonFormatter, redacted, set_up_logs
from workflows.worker.metrics import Tally, metrics_served
from workflows.worker.settings import (
    WorkerSettings,
    earliest,
    end_of_allocation,
    parse_until,
    visible_gpus,
)
from workflows.worker.supervisor import places_on_cpu, places_on_gpus, supervise

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
A_SAMPLE = re.compile(r"^[a-z_]+(\{[a-z_]+=\"[a-z_]+\"\})? [-+.e\d]+$")


@pytest.fixture
def own_logging():
    root = logging.getLogger()
    before = root.handlers, root.level
    yield
    root.handlers, root.level = before


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("+02:30", datetime(2026, 11, 21, 14, 30, tzinfo=UTC)),
        ("+48:00:10", datetime(2026, 11, 23, 12, 0, 10, tzinfo=UTC)),
        ("2026-11-21T18:00:00+01:00", datetime(2026, 11, 21, 17, 0, tzinfo=UTC)),
        ("2026-11-21T18:00Z", datetime(2026, 11, 21, 18, 0, tzinfo=UTC)),
    ],
)
def test_the_end_of_a_shift_is_a_time_or_a_duration(text, meant):
    assert parse_until(text, NOON) == meant


@pytest.mark.parametrize("text", ["", "soon", "+5", "+1:75", "25:00"])
def test_what_is_no_time_is_refused_in_a_sentence(text):
    with pytest.raises(ConfigError, match="is no time; write it as"):
        parse_until(text, NOON)


def test_the_allocation_ends_when_slurm_says(monkeypatch):
    monkeypatch.setenv("SLURM_JOB_END_TIME", str(int(NOON.timestamp())))
    assert end_of_allocation() == NOON
    assert earliest(None, end_of_allocation(), parse_until("+00:01", NOON)) == NOON
    monkeypatch.setenv("SLURM_JOB_END_TIME", "Unknown")
    assert end_of_allocation() is None
    assert earliest(None, None) is None


def test_work_is_handed_back_before_the_end():
    settings = WorkerSettings(until=NOON, margin_seconds=90)
    assert (NOON - settings.drain_at).total_seconds() == 90


@pytest.mark.parametrize("wrong", [{"lease_seconds": 0.5}, {"log_format": "xml"}, {"category": ""}])
def test_settings_that_cannot_work_are_refused(wrong):
    with pytest.raises(ConfigError):
        WorkerSettings(**wrong)


def test_each_gpu_that_is_visible_gets_its_own_process(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,GPU-5f")
    places = places_on_gpus("all", 1)
    assert [each.environment["CUDA_VISIBLE_DEVICES"] for each in places] == ["2", "GPU-5f"]
    assert {each.device for each in places} == {"cuda:0"}
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(ConfigError, match="No GPU is visible"):
        visible_gpus()


def test_processes_on_the_cpu_share_its_cores(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS")
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: set(range(8)))
    places = places_on_cpu(4, None)
    assert [each.environment for each in places] == [{"OMP_NUM_THREADS": "2"}] * 4
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert places_on_cpu(4, None)[0].environment == {}


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("at mongodb://u:p%40ss@host:1/db?x=1", "at mongodb://***@host:1/db?x=1"),
        ("mongodb+srv://u:p@a.b/", "mongodb+srv://***@a.b/"),
        ("mongodb://u:pa/ss@host/", "mongodb://***@host/"),
        ("mongodb://host:1/ mail@host", "mongodb://host:1/ mail@host"),
    ],
)
def test_no_password_of_a_connection_string_is_logged(told, shown):
    assert redacted(told) == shown


def test_json_logs_are_one_object_a_line_with_what_was_said_and_no_secret(own_logging):
    stream = io.StringIO()
    set_up_logs("json", "w1", "", stream)
    log = logging.getLogger("workflows.worker")
    log.warning("at %s", "mongodb://u:secret@host/", extra={"launch_id": 7})
    try:
        int("mongodb://u:hidden@host/")
    except ValueError:
        log.exception("failed\nbadly")
    logging.getLogger("rocket.launcher").info("chatter")
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert (first["message"], first["launch_id"]) == ("at mongodb://***@host/", 7)
    assert first["worker"] == "w1"
    assert second["message"] == "failed\nbadly"
    assert "hidden" not in stream.getvalue()
    assert datetime.fromisoformat(first["time"]).tzinfo is not None
    assert isinstance(logging.getLogger().handlers[0].formatter, JsonFormatter)


def test_text_logs_carry_the_label(own_logging):
    stream = io.StringIO()
    set_up_logs("text", "w1", "gpu%0", stream)
    logging.getLogger("workflows").info("mongodb://u:secret@host/")
    assert stream.getvalue().endswith("[gpu%0] mongodb://***@host/\n")


def test_metrics_are_served_in_the_format_of_prometheus():
    tally = Tally()
    for reason in ("converged", "converged", "failed"):
        tally.crystal_ended(reason)
    tally.firework_ended("COMPLETED")
    tally.heartbeat_stored()
    with metrics_served(tally, "127.0.0.1", 0) as port:
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
            text = answer.read().decode()
        with pytest.raises(HTTPError) as refused:
            urlopen(f"http://127.0.0.1:{port}/other", timeout=5)
        refused.value.close()
    samples = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(A_SAMPLE.match(line) for line in samples), samples
    assert 'facet_crystals_total{stop_reason="converged"} 2' in samples
    assert 'facet_fireworks_total{state="completed"} 1' in samples
    typed = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    assert typed == {re.split(r"[{ ]", line)[0] for line in samples}


def test_a_port_that_is_taken_is_an_error_in_a_sentence():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with (
            pytest.raises(ConfigError, match="give another --metrics-port"),
            metrics_served(Tally(), "127.0.0.1", port),
        ):
            pass


def test_no_metrics_without_a_port():
    with metrics_served(Tally(), "127.0.0.1", None) as port:
        assert port is None


def test_the_rate_counts_the_last_minutes(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    tally = Tally()
    for _ in range(50):
        now[0] += 1.0
        tally.crystal_ended("converged")
    assert tally.rate() == pytest.approx(1.0)
    now[0] += 1000.0
    assert tally.rate() == 0.0
    assert tally.ends == {"converged": 50}


def test_a_child_that_dies_again_and_again_is_given_up(own_logging, monkeypatch, tmp_path):
    monkeypatch.setattr(supervisor, "MOST_EARLY_DEATHS", 2)
    monkeypatch.setattr(supervisor, "FIRST_PAUSE_SECONDS", 0.1)
    monkeypatch.setenv("FACET_HOME", str(tmp_path))
    monkeypatch.setenv("FACET_MONGO_URI", "mongodb:/no-address")
    assert supervise(WorkerSettings(), places_on_cpu(1, None)) is False
