"""MACE's own names: found here, fetched from a server on this machine, or refused."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from facet.errors import CheckpointError
from facet.interop.mace_models import MACE_MP_0_SMALL, MODELS, MaceModel, mace_model
from workflows.comparison.peers import peer_named
from workflows.environments import places, weights
from workflows.environments.weights import fetched, mace_weights, stored

CONTENT = b"weights" * 1000
TOY = MaceModel("toy", "Toy", "toy/toy-1.model", hashlib.sha256(CONTENT).hexdigest())


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A user without environments, weights and caches."""
    monkeypatch.setattr(places, "CHECKOUT", tmp_path / "site-packages")
    monkeypatch.setenv("FACET_HOME", str(tmp_path / "facet"))
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def server():
    """A server that has the toy, something else, and half of the toy; it counts who asks."""
    asked = Counter()
    bodies = {"/toy": CONTENT, "/other": b"other", "/half": CONTENT[:100]}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked[self.path] += 1
            if self.path not in bodies:
                self.send_error(404)
                return
            body = bodies[self.path]
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        Thread(target=running.serve_forever, daemon=True).start()
        running.asked = asked
        running.url = f"http://127.0.0.1:{running.server_port}"
        yield running
        running.shutdown()


def kept(home):
    return sorted(each.name for each in (home / "facet" / "weights").iterdir())


def test_a_model_is_fetched_once_and_found_afterwards(server, home):
    assert stored(TOY) is None
    file = fetched(TOY, f"{server.url}/toy")
    assert file.read_bytes() == CONTENT
    assert stored(TOY) == file
    assert server.asked["/toy"] == 1
    assert kept(home) == ["mace-toy.model"]


@pytest.mark.parametrize("path", ["/other", "/half"])
def test_another_file_than_expected_is_neither_kept_nor_used(server, home, path):
    with pytest.raises(CheckpointError, match=f"{TOY.sha256} was expected, and is not used; down"):
        fetched(TOY, server.url + path)
    assert kept(home) == []
    assert stored(TOY) is None


def test_a_file_that_was_changed_since_is_fetched_again(server):
    fetched(TOY, f"{server.url}/toy").write_bytes(b"changed")
    assert stored(TOY) is None
    assert fetched(TOY, f"{server.url}/toy").read_bytes() == CONTENT


def test_a_page_that_is_not_there_is_one_sentence(server, home):
    with pytest.raises(CheckpointError, match=r"cannot be fetched from .*\(Not Found\); download"):
        fetched(TOY, f"{server.url}/nothing")
    assert kept(home) == []


def test_without_a_network_the_sentence_says_what_to_do(server):
    server.shutdown()
    server.server_close()
    with pytest.raises(CheckpointError) as refusal:
        fetched(TOY, f"{server.url}/toy")
    said = str(refusal.value)
    assert "(Connection refused); download it where there is a network and name it mace:" in said
    assert said.endswith(f"mace:PATH#{TOY.sha256}.")
    assert "\n" not in said


def test_the_sentence_on_the_small_model_names_the_option_of_env_make(server):
    with pytest.raises(CheckpointError, match="`facet env make mace --weights PATH`"):
        fetched(MODELS["small"], f"{server.url}/nothing")


def test_a_download_without_end_is_broken_off(server, home, monkeypatch):
    monkeypatch.setattr(weights, "LARGEST_BYTES", 100)
    with pytest.raises(CheckpointError, match="larger than any model"):
        fetched(TOY, f"{server.url}/toy")
    assert kept(home) == []


def test_a_folder_that_cannot_be_made_is_one_sentence(server, home):
    (home / "facet").write_text("a file")
    with pytest.raises(CheckpointError, match=r"cannot be fetched .*; download it"):
        fetched(TOY, f"{server.url}/toy")


def test_maces_own_cache_is_asked_before_the_network(home):
    cache = home / ".cache" / "mace" / "toy1model"
    cache.parent.mkdir(parents=True)
    cache.write_bytes(CONTENT)
    assert stored(TOY) == cache


def test_a_name_means_the_verified_file_of_the_environment(home, monkeypatch):
    monkeypatch.setitem(MODELS, "small", MaceModel("small", "S", TOY.file, TOY.sha256))
    monkeypatch.setattr(weights, "MACE_MP_0_SMALL", TOY.sha256)
    file = home / "facet" / "environments" / "mace" / "mace_mp_small.model"
    file.parent.mkdir(parents=True)
    file.write_bytes(CONTENT)
    assert mace_weights("small") == (file, TOY.sha256)
    peer = peer_named("mace-mp-0-small")
    assert (peer.name, peer.environment) == (f"mace:{file}#{TOY.sha256}", "mace")
    assert peer_named("mace:mace-mp-0-small") == peer


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("small", "small"),
        ("mace-mp-0-small", "small"),
        ("MACE-MP-0", "medium"),
        ("mace-mpa-0", "medium-mpa-0"),
        ("medium-0b3", "medium-0b3"),
        ("mace-mp-0b3-medium", "medium-0b3"),
    ],
)
def test_names_in_use_mean_published_models(name, meant):
    assert mace_model(name).name == meant


@pytest.mark.parametrize("name", ["huge", "medium-omat-0", "mace-matpes-r2scan-0", "mh-1"])
def test_a_name_without_a_known_checksum_is_refused_with_what_to_do(name):
    sentence = f"knows no checksum for a MACE model '{name}', .*; download .* mace:PATH#SHA256"
    with pytest.raises(CheckpointError, match=sentence):
        mace_weights(name)


def test_a_path_is_a_path_whatever_it_is_called(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine").write_bytes(CONTENT)
    assert mace_weights("mine") == (tmp_path / "mine", MACE_MP_0_SMALL)
    assert mace_weights("./small#abc") == (tmp_path / "small", "abc")


def test_every_published_model_has_an_address_and_a_checksum_of_its_own():
    assert all(each.url.startswith("https://") for each in MODELS.values())
    checksums = {each.sha256 for each in MODELS.values()}
    assert len(checksums) == len(MODELS)
    assert all(re.fullmatch(r"[0-9a-f]{64}", each) for each in checksums)
