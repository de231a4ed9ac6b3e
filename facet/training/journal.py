"""The log of a run: one JSON object a line, and the curves drawn from it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from facet.training.curves import draw

if TYPE_CHECKING:
    from pathlib import Path

LOG = "log.jsonl"
CURVES = "curves.html"


@dataclass(frozen=True)
class Journal:
    """Log and curves in the output folder of a run.

    Attributes:
        folder: The output folder.
    """

    folder: Path

    def append(self, entry: dict[str, Any]) -> None:
        """Write one entry; every entry has a ``step``."""
        with (self.folder / LOG).open("a") as file:
            file.write(json.dumps(entry) + "\n")

    def entries(self) -> list[dict[str, Any]]:
        """All entries; a line that a killed run left half written is left out."""
        path = self.folder / LOG
        lines = path.read_text().splitlines() if path.is_file() else []
        return [json.loads(line) for line in lines if line.endswith("}")]

    def forget_after(self, step: int) -> None:
        """Drop what a killed run wrote after its last saved state: it will happen again."""
        kept = [each for each in self.entries() if each["step"] <= step]
        partial = self.folder / f"{LOG}.partial"
        partial.write_text("".join(json.dumps(each) + "\n" for each in kept))
        partial.replace(self.folder / LOG)

    def draw_curves(self) -> None:
        """Draw loss and errors against steps as a web page that needs nothing else."""
        partial = self.folder / f"{CURVES}.partial"
        partial.write_text(draw(self.entries(), self.folder.name))
        partial.replace(self.folder / CURVES)
