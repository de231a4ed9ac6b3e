from pathlib import Path

import pytest
from pydantic import ValidationError

from db.errors import SettingsError
from db.settings import DbSettings, settings_from_environment


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch):
    for name in ("FACET_MONGO_URI", "FACET_DATABASE", "FACET_HOME", "FACET_MONGOD"):
        monkeypatch.delenv(name, raising=False)


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
