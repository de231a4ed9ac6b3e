"""Where environments lie: beside the checkout, or in Facet's own folder."""

from __future__ import annotations

from pathlib import Path

from db.settings import settings_from_environment
from facet.errors import ConfigError

CHECKOUT = Path(__file__).resolve().parents[2]


class EnvironmentMissingError(ConfigError):
    """An environment that is needed and not there."""


def place_of(name: str) -> Path:
    """Folder of an environment, whether or not it is there; that of a checkout goes first.

    Raises:
        ConfigError: The name is none.
    """
    if not name.replace("-", "").isalnum():
        raise ConfigError(f"{name!r} is no name of an environment; `facet env list` shows them.")
    beside = CHECKOUT / f".venv-{name}"
    own = settings_from_environment().home / "environments" / name
    is_checkout = (CHECKOUT / "pyproject.toml").is_file()
    if beside.is_dir() or (is_checkout and not own.is_dir()):
        return beside
    return own


def python_of(name: str) -> Path:
    """Interpreter of an environment.

    Raises:
        EnvironmentMissingError: The environment is not there.
    """
    python = place_of(name) / "bin" / "python"
    if not python.exists():
        raise EnvironmentMissingError(
            f"There is no environment {name!r} ({python.parent.parent} is missing); "
            f"`facet env make {name}` builds it."
        )
    return python
