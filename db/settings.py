"""Where the database is: the only file of ``db`` that reads the environment."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

from pydantic import AfterValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from db.errors import SettingsError

if TYPE_CHECKING:
    from pydantic import ValidationInfo

FORBIDDEN_IN_DATABASE_NAMES = frozenset('/\\. "$*<>:|?\0')
SYSTEM_DATABASES = frozenset({"admin", "local", "config"})
MAX_DATABASE_NAME_BYTES = 63
MAX_PASSWORD_BYTES = 4096


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


def password_in(path: Path) -> SecretStr:
    """Read a password from a file that holds nothing else; an end of line is no part of it.

    Raises:
        ValueError: The file cannot be read, or holds no password of one line.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_PASSWORD_BYTES + 1)
    except OSError as error:
        raise ValueError(f"{path} cannot be read ({error.strerror})") from None
    password = content.decode(errors="replace").rstrip("\r\n")
    is_text = "\ufffd" not in password and password.isprintable()
    if not password or not is_text or len(content) > MAX_PASSWORD_BYTES:
        raise ValueError(f"{path} must hold a password of one line and nothing else")
    return SecretStr(password)


def _with_a_password(path: Path) -> Path:
    password_in(path)
    return path


def _with_password(uri: SecretStr, password: SecretStr) -> SecretStr:
    """Put a password behind the user name of a connection string."""
    scheme, _, rest = uri.get_secret_value().partition("://")
    user, at, _ = re.split(r"[/?]", rest)[0].rpartition("@")
    if not at or not user:
        raise ValueError("it names no user for the password in FACET_MONGO_PASSWORD_FILE")
    if ":" in user:
        raise ValueError("it holds a password, and so does FACET_MONGO_PASSWORD_FILE; remove one")
    secret = quote(password.get_secret_value(), safe="")
    return SecretStr(f"{scheme}://{user}:{secret}@{rest[len(user) + 1 :]}")


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

    mongo_password_file: (
        Annotated[Path, AfterValidator(_absolute), AfterValidator(_with_a_password)] | None
    ) = Field(
        default=None,
        description="File with the password of the user whom the connection string names.",
    )
    mongo_uri: SecretStr | None = Field(
        default=None,
        validate_default=True,
        description="Connection string of a MongoDB server, the password put in; never printed.",
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

    @field_validator("mongo_uri")
    @classmethod
    def _put_password_in(cls, uri: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        """Complete a URI without a password, so that all who connect are given the same one."""
        path = info.data.get("mongo_password_file")
        if path is None:
            return uri
        if uri is None:
            raise ValueError("it is not set, but FACET_MONGO_PASSWORD_FILE holds a password for it")
        return _with_password(uri, password_in(path))


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
