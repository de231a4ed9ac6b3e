"""What a worker has done, counted, and served as text that Prometheus reads."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from facet.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

WINDOW_SECONDS = 300.0
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Tally:
    """Counts of one worker; every method may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ends: Counter[str] = Counter()
        self._fireworks: Counter[str] = Counter()
        self._recent: deque[float] = deque()
        self._started = time.monotonic()
        self._last_heartbeat = 0.0
        self._is_working = False
        self._seconds_away = 0.0

    def crystal_ended(self, stop_reason: str) -> None:
        """Count a crystal that ended."""
        now = time.monotonic()
        with self._lock:
            self._ends[stop_reason] += 1
            self._recent.append(now)
            self._forget_before(now - WINDOW_SECONDS)

    def firework_ended(self, state: str) -> None:
        """Count a Firework that was launched."""
        with self._lock:
            self._fireworks[state.lower()] += 1

    def heartbeat_stored(self) -> None:
        """Remember that the database has heard of this worker just now."""
        self._last_heartbeat = time.time()

    def database_was_away(self, seconds: float) -> None:
        """Add to the time that was spent waiting for the database."""
        with self._lock:
            self._seconds_away += seconds

    @contextmanager
    def working(self) -> Iterator[None]:
        """Say that a job runs while the block does."""
        self._is_working = True
        try:
            yield
        finally:
            self._is_working = False

    @property
    def ends(self) -> dict[str, int]:
        """Crystals ended, by stop reason."""
        with self._lock:
            return dict(self._ends)

    @property
    def num_fireworks(self) -> int:
        """Fireworks launched."""
        with self._lock:
            return self._fireworks.total()

    @property
    def is_working(self) -> bool:
        """Whether a job runs."""
        return self._is_working

    def rate(self) -> float:
        """Crystals ended per second over the last minutes."""
        now = time.monotonic()
        with self._lock:
            self._forget_before(now - WINDOW_SECONDS)
            seconds = min(WINDOW_SECONDS, now - self._started)
            return len(self._recent) / seconds if seconds > 0.0 else 0.0

    def exposition(self) -> str:
        """Return everything in Prometheus' text format."""
        with self._lock:
            ends, fireworks = sorted(self._ends.items()), sorted(self._fireworks.items())
            away = self._seconds_away
        lines = [
            *_family("facet_crystals_total", "counter", "Crystals ended, by stop reason."),
            *(f'facet_crystals_total{{stop_reason="{key}"}} {count}' for key, count in ends),
            *_family("facet_fireworks_total", "counter", "Fireworks launched, by their end."),
            *(f'facet_fireworks_total{{state="{key}"}} {count}' for key, count in fireworks),
            *_gauge("facet_working", "1 while a job runs.", int(self._is_working)),
            *_gauge("facet_crystals_per_second", "Crystals ended per second lately.", self.rate()),
            *_gauge(
                "facet_last_heartbeat_timestamp_seconds",
                "When the database last heard of this worker; 0 for never.",
                self._last_heartbeat,
            ),
            *_family("facet_database_away_seconds_total", "counter", "Time waited for it."),
            f"facet_database_away_seconds_total {away:.3f}",
        ]
        return "\n".join(lines) + "\n"

    def _forget_before(self, moment: float) -> None:
        while self._recent and self._recent[0] < moment:
            self._recent.popleft()


@contextmanager
def metrics_served(tally: Tally, host: str, port: int | None) -> Iterator[int | None]:
    """Serve metrics while the block runs; yields the port, None without metrics.

    Raises:
        ConfigError: The port is taken or may not be used.
    """
    if port is None:
        yield None
        return
    try:
        server = ThreadingHTTPServer((host, port), _handler_of(tally))
    except OSError as error:
        raise ConfigError(
            f"Metrics cannot be served at {host}:{port} ({error.strerror}); "
            "give another --metrics-port."
        ) from error
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler_of(tally: Tally) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Answers /metrics and nothing else."""

        def do_GET(self) -> None:
            """Send the metrics."""
            if self.path.partition("?")[0] != "/metrics":
                self.send_error(404)
                return
            body = tally.exposition().encode()
            self.send_response(200)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep requests out of the log."""

    return Handler


def _family(name: str, kind: str, text: str) -> list[str]:
    return [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]


def _gauge(name: str, text: str, value: float) -> list[str]:
    return [*_family(name, "gauge", text), f"{name} {value:.6g}"]
