from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from pymongo.uri_parser import parse_uri

from db.errors import SettingsError
from db.settings import DbSettings, settings_from_environment


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch):
    for name in DbSettings.model_fields:
        monkeypatch.delenv(f"FACET_{name.upper()}", raising=False)


@pytest.fixture
def password_file(tmp_path):
    path = tmp_path / "password"
    path.write_text("hu/sh@1:\n")
    return path


def test_variables_of_the_environment_are_read(monkeypatch, tmp_path):
    monkeypatch.setenv("FACET_MONGO_URI", "mongodb://somewhere/")
    monkeypatch.setenv("FACET_DATABASE", "mine")
    monkeypatch.setenv("FACET_HOME", str(tmp_path))
    monkeypatch.setenv("FACET_MONGOD", "~/bin/mongod")
    settings = settings_from_environment()
    assert settings.mongo_uri is not None
    assert settings.mongo_uri.get_secret_value() == "mongodb://somewhere/"
    assert (settings.database, settings.home) == ("mine", tmp_path)
    assert settings.mongod == Path.home() / "bin" / "mongod"


def test_an_empty_variable_is_as_good_as_none(monkeypatch):
    monkeypatch.setenv("FACET_MONGO_URI", "")
    assert settings_from_environment().mongo_uri is None


def test_data_go_to_the_users_own_data_folder(monkeypatch, tmp_path):
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert settings_from_environment().home == tmp_path / "facet"


@pytest.mark.parametrize("name", ["a/b", "a b", "a.b", "$x", "admin", "x" * 64])
def test_a_database_name_that_mongodb_cannot_use_is_refused_in_a_sentence(monkeypatch, name):
    monkeypatch.setenv("FACET_DATABASE", name)
    with pytest.raises(SettingsError, match=r"^The variable FACET_DATABASE cannot be used: "):
        settings_from_environment()


def test_the_uri_is_never_shown():
    written = "mongodb://user:hush@host/"
    settings = DbSettings(mongo_uri=written)
    assert "hush" not in repr(settings) + str(settings) + settings.model_dump_json()
    with pytest.raises(ValidationError) as caught:
        DbSettings(mongo_uri=[written])
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("written", "complete"),
    [
        ("mongodb://me@h1:1,h2/db?w=1", "mongodb://me:hu%2Fsh%401%3A@h1:1,h2/db?w=1"),
        ("mongodb+srv://me@h", "mongodb+srv://me:hu%2Fsh%401%3A@h"),
        ("mongodb://a%40b@h/?x=@", "mongodb://a%40b:hu%2Fsh%401%3A@h/?x=@"),
    ],
)
def test_a_password_of_a_file_joins_the_uri_percent_encoded(
    monkeypatch, password_file, written, complete
):
    monkeypatch.setenv("FACET_MONGO_URI", written)
    monkeypatch.setenv("FACET_MONGO_PASSWORD_FILE", str(password_file))
    settings = settings_from_environment()
    assert settings.mongo_uri.get_secret_value() == complete
    assert "hu" not in repr(settings) + settings.model_dump_json()


@given(password=st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=30))
def test_pymongo_reads_the_password_that_the_file_holds(tmp_path_factory, password):
    path = tmp_path_factory.mktemp("secret") / "password"
    path.write_text(password, encoding="utf-8")
    settings = DbSettings(mongo_uri="mongodb://me@host/", mongo_password_file=path)
    assert parse_uri(settings.mongo_uri.get_secret_value())["password"] == password


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("", "is not set"),
        ("mongodb://host/", "names no user"),
        ("mongodb://host/?x=me@here", "names no user"),
        ("mongodb://me:first@host/", "holds a password"),
    ],
)
def test_a_password_that_no_user_of_the_uri_needs_is_refused_in_a_sentence(
    monkeypatch, password_file, uri, reason
):
    monkeypatch.setenv("FACET_MONGO_URI", uri)
    monkeypatch.setenv("FACET_MONGO_PASSWORD_FILE", str(password_file))
    with pytest.raises(SettingsError, match=rf"FACET_MONGO_URI cannot be used: it {reason}") as it:
        settings_from_environment()
    assert "hu/sh" not in str(it.value)
    assert "first" not in str(it.value)


@pytest.mark.parametrize("content", [b"", b"\n", b"two\nlines", b"\xff\xfe", b"x" * 5000, b"a\0b"])
def test_a_file_that_holds_no_password_is_refused_unseen(monkeypatch, tmp_path, content):
    path = tmp_path / "password"
    path.write_bytes(content)
    monkeypatch.setenv("FACET_MONGO_URI", "mongodb://me@host/")
    monkeypatch.setenv("FACET_MONGO_PASSWORD_FILE", str(path))
    with pytest.raises(SettingsError, match="must hold a password of one line") as caught:
        settings_from_environment()
    assert "xxx" not in str(caught.value)
    assert "lines" not in str(caught.value)


def test_a_missing_password_file_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("FACET_MONGO_URI", "mongodb://me@host/")
    monkeypatch.setenv("FACET_MONGO_PASSWORD_FILE", str(tmp_path / "none"))
    with pytest.raises(
        SettingsError, match=r"^The variable FACET_MONGO_PASSWORD_FILE cannot be used: .*none"
    ):
        settings_from_environment()
