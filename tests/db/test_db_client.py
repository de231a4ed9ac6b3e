import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from db.client import connect, describe, hosts_of, open_database, server_facts
from db.embedded import EmbeddedServer
from db.errors import DatabaseUnreachableError, DbError, SettingsError
from db.settings import DbSettings


@pytest.fixture
def uri(mongo_home):
    server = EmbeddedServer(mongo_home)
    yield server.uri.get_secret_value()
    server.close()


def test_the_database_is_a_replica_set_on_the_loopback(database):
    facts = server_facts(database)
    assert facts.is_replica_set
    assert facts.address.startswith("127.0.0.1:")
    assert int(facts.version.split(".")[0]) >= 6


@pytest.mark.parametrize("options", ["", "w=1&journal=false", "w=0"])
def test_every_client_asks_for_majority_and_journal(uri, options):
    bare = uri.replace("&w=majority&journal=true", "")
    assert "majority" not in bare
    with connect(SecretStr(f"{bare}&{options}" if options else bare)) as client:
        assert client["any"].write_concern.document == {"w": "majority", "j": True}


def test_a_users_own_server_is_used_when_named(uri, tmp_path):
    settings = DbSettings(mongo_uri=uri, home=tmp_path, database="elsewhere")
    with open_database(settings) as database:
        database.x.insert_one({"_id": 1})
        assert database.x.count_documents({}) == 1
        database.client.drop_database("elsewhere")
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_does_not_answer_is_named_without_the_password(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    quick = f"mongodb://me:hush@127.0.0.1:{port}/?serverSelectionTimeoutMS=100"
    with (
        pytest.raises(DatabaseUnreachableError, match=f"answers at 127.0.0.1:{port};") as caught,
        open_database(DbSettings(mongo_uri=quick, home=tmp_path)),
    ):
        pass
    assert "hush" not in str(caught.value)


def test_a_wrong_password_is_told_from_a_missing_server(uri, tmp_path):
    wrong = uri.replace("mongodb://facet:", "mongodb://facet:x")
    with (
        pytest.raises(DatabaseUnreachableError, match="refuses this user"),
        open_database(DbSettings(mongo_uri=wrong, home=tmp_path)),
    ):
        pass


def test_what_the_server_refuses_is_one_sentence(db_settings):
    with pytest.raises(DbError, match="refused: "), open_database(db_settings) as database:
        database.command("noSuchCommand")


def test_an_error_of_the_caller_passes_through(db_settings):
    with pytest.raises(ZeroDivisionError), open_database(db_settings):
        _ = 1 / 0


@pytest.mark.parametrize(
    "bad", ["not a uri", "mongodb://u:hu/sh@host/", "mongodb://u:hush@host:port", "http://hush"]
)
def test_a_uri_that_cannot_be_read_is_not_repeated(bad):
    with pytest.raises(SettingsError, match="percent-encoded") as caught:
        connect(SecretStr(bad))
    assert "hu" not in str(caught.value)
    assert caught.value.__context__ is None


@given(secret=st.text(min_size=1, max_size=20))
def test_no_secret_of_a_uri_is_ever_shown(secret):
    known = "mongodb://h1:27017,h2/"
    for written in (
        f"mongodb://user:{secret}#@h1:27017,h2/db?w=1",
        f"mongodb://h1:27017,h2/db?tlsCertificateKeyFilePassword={secret.replace('@', '')}",
    ):
        assert f"mongodb://{hosts_of(SecretStr(written))}/" == known
    assert "hush" not in hosts_of(SecretStr("mongodb://user:hush"))


def test_options_of_a_connection_string_reach_the_driver():
    written = (
        "mongodb://me:hush@h/?authSource=elsewhere&authMechanism=SCRAM-SHA-1"
        "&tls=true&tlsAllowInvalidHostnames=true&readPreference=secondaryPreferred"
    )
    with connect(SecretStr(written)) as client:
        pool = client.options.pool_options
        assert pool._credentials.source == "elsewhere"
        assert pool._credentials.mechanism == "SCRAM-SHA-1"
        assert pool._ssl_context is not None
        assert not pool._ssl_context.check_hostname
        assert client.read_preference.mongos_mode == "secondaryPreferred"
    with connect(SecretStr("mongodb://h/?authMechanism=MONGODB-X509&tls=true")) as client:
        assert client.options.pool_options._credentials.mechanism == "MONGODB-X509"
    with connect(SecretStr("mongodb://h/")) as client:
        assert client.options.pool_options._ssl_context is None


def test_a_description_names_the_database_and_hides_the_rest(tmp_path):
    mine = DbSettings(mongo_uri="mongodb://u:hush@db.example:27017/x", home=tmp_path)
    assert describe(mine) == "database 'facet' at db.example:27017"
    private = DbSettings(mongo_uri=None, home=tmp_path)
    assert str(tmp_path / "mongo") in describe(private)
