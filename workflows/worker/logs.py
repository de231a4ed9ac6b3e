"""Logs of a worker: text for people or one JSON object a line, and never a password."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import TextIO

CREDENTIALS = re.compile(r"(mongodb(?:\+srv)?://)[^\s@/]*(?:/[^\s@]*)?@", re.IGNORECASE)
CHATTY = ("rocket.launcher", "launchpad", "pymongo", "maggma")
KNOWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


def redacted(text: str) -> str:
    """Return a text without the user names and passwords of connection strings."""
    return CREDENTIALS.sub(r"\1***@", text)


class RedactingFormatter(logging.Formatter):
    """Formats lines of text; the last line of defense against a password in a log."""

    def format(self, record: logging.LogRecord) -> str:
        """Format a record, what an exception says of itself included."""
        return redacted(super().format(record))


class JsonFormatter(logging.Formatter):
    """Formats each record as one JSON object.

    Args:
        worker: Name of the worker that writes.
    """

    def __init__(self, worker: str) -> None:
        super().__init__()
        self._worker = worker

    def format(self, record: logging.LogRecord) -> str:
        """Format a record with everything that was given as ``extra``."""
        fields = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "worker": self._worker,
            "logger": record.name,
            "message": record.getMessage(),
        }
        fields |= {key: value for key, value in vars(record).items() if key not in KNOWN}
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        return redacted(json.dumps(fields, default=str, ensure_ascii=False))


def set_up_logs(log_format: str, worker: str, label: str, stream: TextIO | None = None) -> None:
    """Send all logs of this process to standard error, in one format.

    Args:
        log_format: ``text`` or ``json``.
        worker: Name of the worker, in every JSON object.
        label: Short name, in every line of text; may be empty.
        stream: Where logs go instead.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    if log_format == "json":
        handler.setFormatter(JsonFormatter(worker))
    else:
        prefix = f"[{label}] " if label else ""
        handler.setFormatter(
            RedactingFormatter(
                f"%(asctime)s %(levelname)-7s {prefix.replace('%', '%%')}%(message)s"
            )
        )
    handler.addFilter(_is_worth_telling)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)


def _is_worth_telling(record: logging.LogRecord) -> bool:
    """Let libraries that report every step speak only of what is wrong."""
    return record.levelno >= logging.WARNING or not record.name.startswith(CHATTY)
