"""What a look at one thing found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Health(StrEnum):
    """State of one thing, from good to bad."""

    OK = "ok"
    WARNING = "warning"
    BROKEN = "broken"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        topic: What it is, in a word.
        health: Its state.
        text: What was found.
        mend: What to do; empty where nothing is to be done.
    """

    topic: str
    health: Health
    text: str
    mend: str = ""


def finding_of(error: Exception, topic: str, health: Health = Health.BROKEN) -> Finding:
    """Take the sentence of an error apart: what is wrong; how to mend it."""
    text, _, mend = str(error).rpartition("; ")
    return Finding(topic, health, text or mend, mend.rstrip(".") if text else "")
