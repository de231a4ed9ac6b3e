"""Requests counted and timed, by endpoint and status."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LIMITS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds, upper ends of the buckets."""
ELSEWHERE = "(no endpoint)"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class RequestTally:
    """Counts and times of requests; every method may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str, int]] = Counter()
        self._buckets: defaultdict[str, list[int]] = defaultdict(lambda: [0] * (len(LIMITS) + 1))
        self._seconds: defaultdict[str, float] = defaultdict(float)

    def add(self, method: str, path: str, status: int, seconds: float) -> None:
        """Count one request.

        Args:
            method: Of HTTP.
            path: Of the endpoint, with the names of its parameters for their values.
            status: Of the answer.
            seconds: It took.
        """
        with self._lock:
            self._counts[method, path, status] += 1
            self._buckets[path][bisect_left(LIMITS, seconds)] += 1
            self._seconds[path] += seconds

    def lines(self) -> Iterator[str]:
        """Yield everything in Prometheus' text format."""
        with self._lock:
            counts = sorted(self._counts.items())
            buckets = {path: list(each) for path, each in sorted(self._buckets.items())}
            seconds = dict(self._seconds)
        name = "facet_http_requests_total"
        yield f"# HELP {name} Requests answered, by endpoint and status."
        yield f"# TYPE {name} counter"
        for (method, path, status), count in counts:
            yield f'{name}{{method="{method}",path="{path}",status="{status}"}} {count}'
        name = "facet_http_request_seconds"
        yield f"# HELP {name} Time to answer, by endpoint."
        yield f"# TYPE {name} histogram"
        for path, numbers in buckets.items():
            total = 0
            for limit, number in zip((*LIMITS, "+Inf"), numbers, strict=True):
                total += number
                yield f'{name}_bucket{{path="{path}",le="{limit}"}} {total}'
            yield f'{name}_sum{{path="{path}"}} {seconds[path]:.6f}'
            yield f'{name}_count{{path="{path}"}} {total}'


class Counted:
    """Counts the requests of an app.

    Args:
        app: What answers.
        tally: Where they are counted.
    """

    def __init__(self, app: ASGIApp, tally: RequestTally) -> None:
        self._app = app
        self._tally = tally

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer and count one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500
        start = time.perf_counter()

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            method = scope["method"] if scope["method"] in METHODS else "OTHER"
            self._tally.add(method, _endpoint(scope), status, time.perf_counter() - start)


def _endpoint(scope: Scope) -> str:
    """Path of the endpoint that answered; never a text of the request."""
    path: str | None = getattr(scope.get("route"), "path", None)
    if path is None:
        return ELSEWHERE
    return f"{scope.get('root_path', '')}{path}"
