"""The start-up of docker-compose.yml against a real mongod with authentication on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from guarded_server import certificate, everything_stored, guarded_server
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure
from pymongo import MongoClient

from db.client import open_database
from db.documents import CampaignDoc
from db.errors import DatabaseUnreachableError, DbError
from db.indexes import INDEXES
from db.queries import documents_by_id
from db.settings import settings_from_environment
from facet.relaxation.settings import RelaxSettings
from workflows.campaign import CampaignMaker, work_of
from workflows.cli.db_init import NOBODY, Named, run_init
from workflows.doctor import Health
from workflows.doctor.database import database_findings
from workflows.launch import add_flow, launchpad
from workflows.settings import CampaignSettings
from workflows.submit import submit

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def tls_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    certificate(folder)
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory, tls_folder):
    """A founded server with the user ``facet``, and TLS for those who ask for it."""
    options = ("--tlsMode", "allowTLS", "--tlsCertificateKeyFile", str(tls_folder / "server.pem"))
    with guarded_server(tmp_path_factory.mktemp("guarded"), *options) as running:
        with pytest.MonkeyPatch.context() as patch:
            become(patch, running.founder)
            assert init(running) == 0
        yield running


def become(patch, variables):
    """Set the variables of somebody who uses a server."""
    patch.delenv("FACET_MONGOD", raising=False)
    for name, value in variables.items():
        patch.setenv(name, value)


def init(server, user="facet"):
    return run_init(
        member=server.member,
        user=Named(user, server.secret(user)),
        reader=Named("web", server.secret("web")),
        as_json=True,
    )


def call(variables, *arguments):
    """Run the command line as a program of its own."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **variables}
    command = [sys.executable, "-m", "workflows.cli.main", *map(str, arguments)]
    return subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def write_crystals(folder, edge=4.2):
    """Two candidates and their elements, far apart so that relaxing them is quick."""
    half = 3.25
    cell = [[0, half, half], [half, 0, half], [half, half, 0]]
    metals = {each: Structure(cell, [each], [[0, 0, 0]]) for each in ("Cu", "Au", "Ag")}
    alloys = {
        f"cu-{each}": Structure(Lattice.cubic(edge), ["Cu", each], [[0, 0, 0], [0.5] * 3])
        for each in ("Au", "Ag")
    }
    paths = []
    for name, crystals in (("candidates", alloys), ("reference", metals)):
        path = folder / f"{name}.jsonl"
        rows = [{"material_id": key, "structure": each.as_dict()} for key, each in crystals.items()]
        path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        paths.append(path)
    return paths


def test_founding_again_changes_nothing(server, monkeypatch, capsys):
    become(monkeypatch, server.founder)
    assert init(server) == 0
    done = json.loads(capsys.readouterr().out)
    assert done["database"] == "guarded"
    assert done["is_new_user"] is False
    assert done["num_indexes"] == len(INDEXES)


def test_a_campaign_runs_as_the_user_and_its_password_is_nowhere(server, tmp_path):
    candidates, reference = write_crystals(tmp_path)
    asked = ["--reference", reference, "--fmax", "900", "--smax", "1e6", "--max-above-hull", "1e3"]
    ended = call(server.environment("facet"), "screen", candidates, *asked, "--json")
    assert ended.returncode == 0, ended.stderr
    document = json.loads(ended.stdout)
    assert document["status"] == "finished"
    assert document["counts"]["candidates"] == 2
    stored = everything_stored(server)
    assert "cu-Au" in stored
    for secret in (server.password("facet"), quote(server.password("facet"), safe="")):
        assert secret not in stored + ended.stdout + ended.stderr


def test_a_worker_runs_a_campaign_from_the_queue_and_the_password_is_nowhere(
    server, monkeypatch, tmp_path
):
    become(monkeypatch, server.environment("facet"))
    candidates, reference = write_crystals(tmp_path, edge=4.4)
    settings = CampaignSettings(
        candidates=(candidates,), reference=reference, relax=RelaxSettings(fmax=900.0, smax=1e6)
    )
    with open_database() as database:
        campaign = submit(database, settings).campaign
        flow = CampaignMaker().rest(campaign, work_of(database, campaign).missing)
        assert add_flow(launchpad(database), flow, campaign.campaign_id).is_new
    ended = call(server.environment("facet"), "worker", "--exit-when-idle", "--log-format", "json")
    assert ended.returncode == 0, ended.stderr
    with open_database() as database:
        (finished,) = documents_by_id(database, CampaignDoc, [campaign.campaign_id])
    assert finished.status == "finished"
    stored = everything_stored(server)
    assert '"_fw_name"' in stored
    for secret in (server.password("facet"), quote(server.password("facet"), safe="")):
        assert secret not in stored + ended.stdout + ended.stderr


def test_the_user_is_refused_another_database(server, monkeypatch):
    become(monkeypatch, server.environment("facet") | {"FACET_DATABASE": "another"})
    with pytest.raises(DbError, match="may not do this") as caught, open_database() as database:
        database.x.insert_one({"_id": 1})
    assert server.password("facet") not in str(caught.value)


def test_the_user_makes_no_users(server, monkeypatch):
    become(monkeypatch, server.environment("facet"))
    with pytest.raises(DatabaseUnreachableError, match="may not do this"):
        run_init(member=None, user=Named("mallory", server.secret("mallory")), as_json=True)


def test_a_wrong_password_ends_in_one_sentence_without_it(server):
    variables = server.environment("facet")
    variables["FACET_MONGO_PASSWORD_FILE"] = str(server.secret("wrong"))
    ended = call(variables, "query", "--json")
    assert ended.returncode == 1
    (sentence,) = ended.stderr.splitlines()
    assert f"at 127.0.0.1:{server.port} refuses this user; check" in sentence
    assert server.password("wrong") not in ended.stderr + ended.stdout


def test_nobody_enters_without_a_password(server, monkeypatch):
    monkeypatch.delenv("FACET_MONGO_PASSWORD_FILE", raising=False)
    monkeypatch.setenv("FACET_MONGO_URI", f"mongodb://127.0.0.1:{server.port}/?replicaSet=rs0")
    with pytest.raises(DbError, match="refuses this user"), open_database() as database:
        database.x.find_one()


def test_the_doctor_finds_the_server_sound_and_shows_no_password(server, monkeypatch):
    become(monkeypatch, server.environment("facet"))
    found, access, *others = database_findings()
    assert {each.health for each in (found, access, *others)} == {Health.OK}
    assert f"database 'guarded' at 127.0.0.1:{server.port}, replica set" in found.text
    assert access.text == "user 'facet' may read and write 'guarded'"
    assert server.password("facet") not in repr([found, access, *others])


def test_the_doctor_finds_a_wrong_password_and_does_not_show_it(server, monkeypatch):
    become(monkeypatch, server.environment("facet"))
    monkeypatch.setenv("FACET_MONGO_PASSWORD_FILE", str(server.secret("wrong")))
    (finding,) = database_findings()
    assert finding.health is Health.BROKEN
    assert "FACET_MONGO_PASSWORD_FILE" in finding.mend
    assert server.password("wrong") not in repr(finding)


def test_a_user_who_may_only_read_is_told_so_by_the_doctor_and_by_every_write(server, monkeypatch):
    become(monkeypatch, server.founder)
    with open_database() as database:
        role = {"role": "read", "db": "guarded"}
        key = server.password("facet")
        database.client.admin.command("createUser", "reader", pwd=key, roles=[role])
    become(monkeypatch, server.environment("reader"))
    monkeypatch.setenv("FACET_MONGO_PASSWORD_FILE", str(server.secret("facet")))
    broken = [each for each in database_findings() if each.health is Health.BROKEN]
    assert [each.mend for each in broken] == ["grant it the role readWrite on 'guarded'"]
    assert "'reader' lacks the right to createIndex, insert, remove, update" in broken[0].text
    with pytest.raises(DatabaseUnreachableError, match="role readWrite"):  # noqa: SIM117 (the block)
        with open_database() as database:
            database["candidates"].insert_one({})


def test_the_web_service_reads_as_a_user_who_may_not_write(server, monkeypatch):
    become(monkeypatch, server.environment("web"))
    with open_database() as database:
        database["candidates"].find_one()
    with pytest.raises(DatabaseUnreachableError, match="role readWrite"):  # noqa: SIM117 (the block)
        with open_database() as database:
            database["candidates"].insert_one({})


def test_tls_of_the_connection_string_is_used(server, tls_folder, monkeypatch):
    options = f"replicaSet=rs0&tls=true&tlsCAFile={tls_folder / 'server.crt'}"
    become(monkeypatch, server.environment("facet", options))
    with open_database() as database:
        assert database.client.options.pool_options._ssl_context is not None
        assert database.command("ping")["ok"] == 1.0


def test_a_server_with_a_foreign_certificate_gets_no_password(server, monkeypatch, tmp_path):
    foreign, _ = certificate(tmp_path)
    options = f"directConnection=true&tls=true&tlsCAFile={foreign}&serverSelectionTimeoutMS=1500"
    become(monkeypatch, server.environment("facet", options))
    with pytest.raises(DatabaseUnreachableError, match="certificate") as caught, open_database():
        pass
    assert server.password("facet") not in str(caught.value) + repr(caught.value.__cause__)


def test_a_new_password_replaces_the_old_one(server, monkeypatch):
    become(monkeypatch, server.founder)
    assert init(server, user="visitor") == 0
    before = settings_from_environment_of(server, monkeypatch, "visitor")
    server.secret("visitor").unlink()
    become(monkeypatch, server.founder)
    assert init(server, user="visitor") == 0
    with open_database(settings_from_environment_of(server, monkeypatch, "visitor")) as database:
        assert database.command("ping")["ok"] == 1.0
    with pytest.raises(DatabaseUnreachableError, match="refuses this user"), open_database(before):
        pass


def settings_from_environment_of(server, monkeypatch, user):
    become(monkeypatch, server.environment(user))
    return settings_from_environment()


def test_the_administrator_of_a_founded_server_needs_his_password(server, monkeypatch):
    become(monkeypatch, server.founder)
    monkeypatch.setenv("FACET_MONGO_PASSWORD_FILE", str(server.secret("pretender")))
    with pytest.raises(DatabaseUnreachableError, match="refuses 'root' with this password"):
        init(server)


def test_the_administrator_is_not_the_user(server, monkeypatch):
    become(monkeypatch, server.founder)
    with pytest.raises(DbError, match="a user of its own"):
        init(server, user="root")


def test_a_server_of_another_set_is_not_founded_again(server, monkeypatch):
    become(monkeypatch, server.founder)
    with pytest.raises(DbError, match="belongs to the replica set 'rs0'"):
        run_init(member=f"rs1/127.0.0.1:{server.port}", user=NOBODY, as_json=True)


def test_a_founding_that_was_cut_off_is_finished(tmp_path, monkeypatch):
    with guarded_server(tmp_path) as server:
        node = {"_id": 0, "host": f"127.0.0.1:{server.port}"}
        with MongoClient(port=server.port, directConnection=True) as client:
            client.admin.command("replSetInitiate", {"_id": "rs0", "members": [node]})
        become(monkeypatch, server.founder)
        assert init(server) == 0
        become(monkeypatch, server.environment("facet"))
        with open_database() as database:
            assert database.command("ping")["ok"] == 1.0
