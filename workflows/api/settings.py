"""How the web service behaves: the only file of it that reads the environment."""

from __future__ import annotations

import re
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from db.settings import password_in
from facet.errors import ConfigError

if TYPE_CHECKING:
    from pydantic import ValidationInfo

SHORTEST_TOKEN = 16
A_ROOT_PATH = re.compile(r"(/[A-Za-z0-9_.~-]+)+")
A_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]+")
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")


class ServeSettings(BaseSettings):
    """Where the service listens and what it allows; read from ``FACET_SERVE_*`` variables."""

    model_config = SettingsConfigDict(
        env_prefix="FACET_SERVE_",
        env_ignore_empty=True,
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,  # a token is a secret
    )

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port; 0 takes a free one.")
    token_file: Path | None = Field(default=None, description="File that holds the token.")
    token: SecretStr | None = Field(
        default=None,
        validate_default=True,
        description="Who sends it may approve and reject; without one nobody may.",
    )
    root_path: str = Field(
        default="", description="Path under which a proxy serves it, e.g. /facet."
    )
    public_url: str | None = Field(
        default=None,
        description="Address that others see, put into OPTIMADE links; that of the request if "
        "absent.",
    )
    allowed_hosts: tuple[str, ...] = Field(
        default=(),
        description="Host names that a request may name; on a loopback address its own names "
        "unless given, elsewhere any.",
    )
    max_page_size: int = Field(
        default=500, ge=1, le=5000, description="Most candidates of one page."
    )
    query_seconds: float = Field(
        default=10.0,
        gt=0,
        le=600,
        description="Longest time that one request may ask the database.",
    )

    @field_validator("token")
    @classmethod
    def _is_hard_to_guess(cls, token: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        """Take the token out of its file, if it has one, and refuse one that can be guessed."""
        path = info.data.get("token_file")
        if path is not None and token is not None:
            raise ValueError("FACET_SERVE_TOKEN_FILE names a file of it too; remove one of them")
        if path is not None:
            token = password_in(path)
        text = None if token is None else token.get_secret_value()
        if text is not None and (len(text) < SHORTEST_TOKEN or not A_TOKEN.fullmatch(text)):
            raise ValueError(
                f"a token needs {SHORTEST_TOKEN} or more of the characters A-Z a-z 0-9 . _ ~ + / "
                "= -; make one with `openssl rand -hex 32`"
            )
        return token

    @field_validator("root_path")
    @classmethod
    def _is_a_path(cls, path: str) -> str:
        path = path.rstrip("/")
        if path and not A_ROOT_PATH.fullmatch(path):
            raise ValueError("write a path such as /facet")
        return path

    @property
    def is_local(self) -> bool:
        """Whether only this machine reaches it."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def hosts(self) -> tuple[str, ...]:
        """Host names that a request may name; none where any may be."""
        if self.allowed_hosts or not self.is_local:
            return self.allowed_hosts
        return tuple(dict.fromkeys((*LOOPBACK_NAMES, self.host)))


def serve_settings(**given: object) -> ServeSettings:
    """Read the settings from the environment; what is given and not None goes before.

    Raises:
        ConfigError: One of them cannot be used; the message names it.
    """
    try:
        return ServeSettings(**{key: each for key, each in given.items() if each is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = "_".join(["FACET_SERVE", *(str(part).upper() for part in first["loc"])])
        reason = first["msg"].removeprefix("Value error, ")
        message = f"{name} cannot be used: {reason}."
    raise ConfigError(message)
