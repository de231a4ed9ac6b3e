"""``facet serve``: where it listens, what it says, and what it refuses."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("uvicorn", reason="the web service needs the extra `serve`")

import httpx

from workflows.api.settings import ServeSettings
from workflows.cli import serve

ROOT = Path(__file__).parents[2]


def test_a_port_that_is_taken_is_refused_in_one_sentence(facet):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = facet("serve", "--port", port)
    assert ended.code == 1
    assert ended.err == (
        f"127.0.0.1:{port} is in use already; give another --port, or 0 for a free one.\n"
    )


def test_an_address_of_another_machine_is_refused(facet):
    ended = facet("serve", "--host", "203.0.113.9")
    assert ended.code == 1
    assert ended.err.startswith("203.0.113.9:8000 cannot be listened on (")


def test_a_missing_package_is_named_with_the_extra_that_brings_it(facet, monkeypatch):
    found = serve.find_spec
    monkeypatch.setattr(serve, "find_spec", lambda name: None if name == "uvicorn" else found(name))
    ended = facet("serve")
    assert ended.code == 1
    assert ended.err == (
        "The web service needs uvicorn; install it with `pip install 'facet[serve]'`.\n"
    )


def test_who_opens_it_to_others_without_a_token_is_warned(capsys):
    serve._say(ServeSettings(host="0.0.0.0"), 80, as_json=False)  # noqa: S104 (nothing listens)
    assert "can read all campaigns" in capsys.readouterr().err
    serve._say(ServeSettings(), 80, as_json=True)
    said = capsys.readouterr()
    assert json.loads(said.out)["url"] == "http://127.0.0.1:80"
    assert said.err == ""


@pytest.mark.integration
def test_it_says_where_it_listens_answers_there_and_ends_when_told(facet_environment):
    command = [sys.executable, "-m", "workflows.cli.main", "serve", "--port", "0", "--json"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        told = json.loads(process.stdout.readline())
        ready = httpx.get(f"{told['url']}/health/ready", timeout=60)
        info = httpx.get(f"{told['optimade']}/v1/info", timeout=60)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 128 + signal.SIGTERM
        assert process.stderr.read() == ""
    assert (ready.status_code, info.status_code, told["is_read_only"]) == (200, 200, True)
