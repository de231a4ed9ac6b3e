"""Where the database is: the only file of ``db`` that reads the environment."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from db.errors import SettingsError

FORBIDDEN_IN_DATABASE_NAMES = frozenset('/\\. "$*<>:|?\0')
SYSTEM_DATABASES = frozenset({"admin", "local", "config"})
MAX_DATABASE_NAME_BYTES = 63


def _user_data_folder() -> Path:
    """The folder in which this user's programs keep their data."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "facet"
    data_home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data_home) / "facet"


def _database_name(name: str) -> str:
    """Refuse a name that MongoDB cannot use or keeps for itself."""
    is_bad = not name or len(name.encode()) > MAX_DATABASE_NAME_BYTES
    if is_bad or FORBIDDEN_IN_DATABASE_NAMES & set(name) or name in SYSTEM_DATABASES:
        raise ValueError(
            f"{name!r} cannot be the name of a database; use letters, digits, '_' and '-'"
        )
    return name


def _absolute(path: Path) -> Path:
    return path.expanduser().absolute()


class DbSettings(BaseSettings):
    """Which MongoDB to use; read from ``FACET_*`` environment variables.

    Without a URI a private server of this machine is used, with its data under ``home``.
    """

    model_config = SettingsConfigDict(
        env_prefix="FACET_",
        env_ignore_empty=True,
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,  # a URI holds a password
    )

    mongo_uri: SecretStr | None = Field(
        default=None, description="Connection string of a MongoDB server; never printed."
    )
    database: Annotated[str, AfterValidator(_database_name)] = Field(
        default="facet", description="Name of the database; a name in the URI is not used."
    )
    home: Annotated[Path, AfterValidator(_absolute)] = Field(
        default_factory=_user_data_folder,
        description="Folder of this user's Facet data; the private server keeps its own in mongo/.",
    )
    mongod: Annotated[Path, AfterValidator(_absolute)] | None = Field(
        default=None, description="The mongod program that the private server runs."
    )


def settings_from_environment() -> DbSettings:
    """Read the settings from the environment.

    Raises:
        SettingsError: A variable holds what cannot be used; the message names it.
    """
    try:
        return DbSettings()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = "_".join(["FACET", *(str(part).upper() for part in first["loc"])])
        reason = first["msg"].removeprefix("Value error, ")
        message = f"The variable {name} cannot be used: {reason}."
    raise SettingsError(message)
