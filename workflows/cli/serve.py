"""``facet serve``."""

from __future__ import annotations

import errno
import json
import socket
import sys
from contextlib import closing, suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING

from db.client import open_database
from facet.errors import ConfigError

if TYPE_CHECKING:
    from db.client import MongoDatabase
    from workflows.api.settings import ServeSettings

NEEDED = ("fastapi", "uvicorn", "optimade")
WAITING = 128
"""Connections that may wait to be taken."""
SECONDS_TO_FINISH = 10
"""For requests that are being answered when the service is told to end."""


def run_serve(host: str | None, port: int | None, *, as_json: bool) -> int:
    """Serve until told to end; return the exit code.

    Args:
        host: Address to listen on; None takes that of the settings.
        port: None takes that of the settings.
        as_json: Say where it listens as a JSON document.

    Raises:
        ConfigError: A package is missing, a setting cannot be used, or the port is taken.
        DbError: The database cannot be used.
    """
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"The web service needs {', '.join(missing)}; install it with "
            "`pip install 'facet[serve]'`."
        )
    from workflows.api.settings import serve_settings

    settings = serve_settings(host=host, port=port)
    with closing(listening_socket(settings)) as listening, open_database() as database:
        _say(settings, listening.getsockname()[1], as_json=as_json)
        with suppress(KeyboardInterrupt):
            _serve(settings, database, listening)
    return 0


def listening_socket(settings: ServeSettings) -> socket.socket:
    """Take the port.

    Raises:
        ConfigError: It is taken, may not be used, or the address is not of this machine.
    """
    address = f"{settings.host}:{settings.port}"
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM
        )[0]
        taken = socket.socket(family, kind, protocol)
    except OSError as error:
        raise ConfigError(f"{settings.host!r} is no address of this machine.") from error
    try:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(place)
        taken.listen(WAITING)
    except OSError as error:
        taken.close()
        if error.errno == errno.EADDRINUSE:
            raise ConfigError(
                f"{address} is in use already; give another --port, or 0 for a free one."
            ) from error
        raise ConfigError(
            f"{address} cannot be listened on ({error.strerror}); give another --host or --port."
        ) from error
    return taken


def _serve(settings: ServeSettings, database: MongoDatabase, listening: socket.socket) -> None:
    import uvicorn

    from workflows.api.app import create_app

    config = uvicorn.Config(
        create_app(settings, database),
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=SECONDS_TO_FINISH,
    )
    uvicorn.Server(config).run(sockets=[listening])


def _say(settings: ServeSettings, port: int, *, as_json: bool) -> None:
    """Say where it listens, and what is dangerous about that."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    url = f"http://{host}:{port}{settings.root_path}"
    if as_json:
        told = {"url": url, "optimade": f"{url}/optimade", "is_read_only": settings.token is None}
        sys.stdout.write(f"{json.dumps(told)}\n")
    else:
        sys.stdout.write(f"Facet is served at {url}; Ctrl-C ends it.\n")
    sys.stdout.flush()
    if not settings.is_local and settings.token is None:
        sys.stderr.write(
            f"Warning: whoever reaches {settings.host} can read all campaigns; nobody can approve, "
            "for FACET_SERVE_TOKEN is not set.\n"
        )
