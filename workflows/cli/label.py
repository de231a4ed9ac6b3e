"""``facet label``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from workflows.cli.exits import REJECTED, UNFINISHED
from workflows.cli.progress import aside, working
from workflows.cli.tables import print_json, print_table
from workflows.devices import check_device
from workflows.labeling.__main__ import shard_line
from workflows.labeling.processes import WorkerDiedError
from workflows.labeling.run import label_crystals

if TYPE_CHECKING:
    from workflows.labeling.run import LabelRequest


def run_label(request: LabelRequest, *, as_json: bool, strict: bool) -> int:
    """Make and label frames and return the exit code.

    Args:
        request: Crystals, labeler, settings and folder.
        as_json: Print the manifest instead of tables.
        strict: Return 3 when a crystal of the input was rejected.

    Raises:
        FacetError: Something that was given is at fault.
    """
    check_device(request.calculator.device)
    try:
        with working("reading crystals"):
            manifest = label_crystals(request, lambda note: aside(shard_line(note)))
    except WorkerDiedError as error:
        sys.stderr.write(f"{error}\n")
        return UNFINISHED
    except (KeyboardInterrupt, SystemExit):  # the keyboard, or the signal to terminate
        sys.stderr.write("Interrupted: the same command goes on after the last whole shard.\n")
        return UNFINISHED
    if as_json:
        print_json(manifest)
    else:
        _show(manifest, str(request.out))
    return REJECTED if strict and manifest["rejected"] else 0


def _show(manifest: dict[str, Any], folder: str) -> None:
    for each in manifest["rejected"]:
        sys.stdout.write(f"rejected: {each['fault']}\n")
    print_table("Labeled frames", ["kind", "frames"], [[*row] for row in manifest["kinds"].items()])
    if manifest["skipped"]:
        examples = manifest["examples"]
        rows = [[reason, count, examples[reason]] for reason, count in manifest["skipped"].items()]
        print_table("Left out", ["reason", "frames", "for instance"], rows)
    sys.stdout.write(
        f"{manifest['num_frames']} frames of {manifest['num_parents']} crystals: {folder}\n"
    )
