"""``python -m facet.training CONFIG.yaml``: train where nothing but torch is installed."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from facet.errors import FacetError
from facet.memory import keep_freed_memory
from facet.training.loop import Trainer
from facet.training.settings import read_settings


def main() -> int:
    """Train, printing one JSON object a line; exit code 1 when the config or data is at fault."""
    parser = argparse.ArgumentParser(description="Train a Facet potential.")
    parser.add_argument("config", type=Path, help="YAML file with the settings of the run")
    parser.add_argument("--resume", action="store_true", help="go on from the last saved state")
    arguments = parser.parse_args()
    keep_freed_memory()
    try:
        trainer = Trainer(read_settings(arguments.config))
        if arguments.resume:
            trainer.resume()
        trainer.run(_print_line)
    except FacetError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _print_line(values: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
