"""Fixtures of all tests: a fresh database on a real mongod, started when a test first asks."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from hypothesis import settings as hypothesis_settings

# No deadline: the machines that run these tests are shared, and a slow example is not a wrong one.
hypothesis_settings.register_profile("facet", deadline=None, max_examples=40)
hypothesis_settings.load_profile("facet")

if TYPE_CHECKING:
    from collections.abc import Iterator

    from db.client import MongoDatabase
    from db.settings import DbSettings


@pytest.fixture(scope="session")
def mongo_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A FACET_HOME whose private server runs until the session ends; an error if none can."""
    from db.embedded import embedded_server

    home = tmp_path_factory.mktemp("facet-home")
    configured = os.environ.get("FACET_MONGOD")
    with embedded_server(home, Path(configured) if configured else None):
        yield home


@pytest.fixture
def db_settings(mongo_home: Path) -> DbSettings:
    """Settings of a database that no other test uses."""
    from db.settings import DbSettings

    return DbSettings(mongo_uri=None, home=mongo_home, database=f"test_{uuid4().hex}")


@pytest.fixture
def database(db_settings: DbSettings) -> Iterator[MongoDatabase]:
    """An empty database without indexes, dropped after the test."""
    from db.client import open_database

    with open_database(db_settings) as opened:
        yield opened
        opened.client.drop_database(opened.name)


@pytest.fixture
def facet_environment(
    database: MongoDatabase, db_settings: DbSettings, monkeypatch: pytest.MonkeyPatch
) -> DbSettings:
    """Environment variables that make programs use the database of this test."""
    monkeypatch.delenv("FACET_MONGO_URI", raising=False)
    monkeypatch.setenv("FACET_HOME", str(db_settings.home))
    monkeypatch.setenv("FACET_DATABASE", db_settings.database)
    return db_settings
