"""What surrounds every request: headers for browsers, limits, and an answer whatever happens."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders

from workflows.api.problems import FAULT, problem

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES_SENT = 2**20
POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

log = logging.getLogger(__name__)


class Guard:
    """Refuses what no endpoint should see, adds headers, and answers where an endpoint breaks.

    Args:
        app: What answers.
        hosts: Host names that a request may name; all if there are none. A page elsewhere could
            otherwise be given a name that leads here, and read what a browser here may read.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str] = ()) -> None:
        self._app = app
        self._hosts = frozenset(each.lower() for each in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_begun = False

        async def send_with_headers(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refused = self._refusal(Headers(scope=scope))
        if refused is not None:
            await problem(*refused)(scope, receive, send_with_headers)
            return
        try:
            await self._app(scope, receive, send_with_headers)
        except Exception:
            log.exception("%s %s broke.", scope["method"], scope["path"])
            if has_begun:
                raise
            await problem(500, FAULT)(scope, receive, send_with_headers)

    def _refusal(self, headers: Headers) -> tuple[int, str] | None:
        """Status and sentence for a request that is not answered."""
        if self._hosts and _host(headers) not in self._hosts:
            return 400, (
                "This service does not go by the host name of the request; name it in "
                "FACET_SERVE_ALLOWED_HOSTS."
            )
        length = headers.get("content-length", "0")
        if "transfer-encoding" in headers or not length.isdigit():
            return 411, "A body needs its length in a header Content-Length."
        if int(length) > MOST_BYTES_SENT:
            return 413, f"A body may have {MOST_BYTES_SENT} bytes; send less at once."
        return None


def _host(headers: Headers) -> str:
    """Host name of a request, without the port."""
    try:
        return urlsplit(f"//{headers.get('host', '')}").hostname or ""
    except ValueError:  # brackets that hold no address
        return ""
