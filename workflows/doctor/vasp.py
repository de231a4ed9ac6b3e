"""What DFT needs on the machines that run it: VASP and its potentials.

A machine that runs no DFT needs neither, so their absence is no fault; one without the other is.
"""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from workflows.doctor.finding import Finding, Health

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TOPIC = "vasp"
FOLDER_SETTING = "PMG_VASP_PSP_DIR"
FAMILIES = ("PBE", "PBE_54", "PBE_64")
"""Kinds of POTCAR that the Makers of the Materials Project ask for, by pymatgen's names."""


def vasp_findings() -> Iterator[Finding]:
    """Look at the folder of POTCAR files and at the command that runs VASP, as they are set."""
    from atomate2 import SETTINGS as ATOMATE2
    from pymatgen.core import SETTINGS as PYMATGEN
    from pymatgen.io.vasp.inputs import PotcarSingle

    folders: Mapping[str, str] = {each: PotcarSingle.functional_dir[each] for each in FAMILIES}
    yield from examined(PYMATGEN.get(FOLDER_SETTING), str(ATOMATE2.VASP_CMD), folders)


def examined(potcars: str | None, command: str, folders: Mapping[str, str]) -> Iterator[Finding]:
    """Compare the settings with what is on the disk.

    Args:
        potcars: Folder of POTCAR files; None where none is set.
        command: What runs VASP, such as ``srun vasp_std``.
        folders: Name of the subfolder of each family of POTCAR files.
    """
    program = program_of(command)
    if potcars is None and program is None:
        text = "not set up here; `facet dft submit` leaves DFT to workers that have it"
        yield Finding(TOPIC, Health.OK, text)
        return
    yield _about_potcars(potcars, folders)
    if program is None:
        text = f"the command {command!r} (VASP_CMD of atomate2) names no program of this machine"
        mend = "load the module of VASP, or set ATOMATE2_VASP_CMD"
        yield Finding(TOPIC, Health.WARNING, text, mend)
    else:
        yield Finding(TOPIC, Health.OK, f"VASP is run by {command!r} ({program})")


def program_of(command: str) -> str | None:
    """Where the program is that a command runs first, and VASP if its name is in the command."""
    try:
        words = shlex.split(os.path.expandvars(command))
    except ValueError:  # an open quotation
        return None
    named = [each for each in words if "vasp" in Path(each).name]
    found = [shutil.which(each) for each in [*words[:1], *named]]
    return found[-1] if found and all(found) else None


def _about_potcars(potcars: str | None, folders: Mapping[str, str]) -> Finding:
    mend = f"set it with `pmg config --add {FOLDER_SETTING} FOLDER`"
    if potcars is None:
        text = f"no folder of POTCAR files is set ({FOLDER_SETTING} of pymatgen)"
        return Finding(TOPIC, Health.WARNING, text, mend)
    folder = Path(potcars).expanduser()
    if not folder.is_dir():
        text = f"{folder} ({FOLDER_SETTING}) is no folder"
        return Finding(TOPIC, Health.WARNING, text, mend)
    there = [family for family, name in folders.items() if any((folder / name).glob("POTCAR*"))]
    if not there:
        expected = " or ".join(folders.values())
        text = f"{folder} ({FOLDER_SETTING}) holds no POTCAR files in {expected}"
        mend = f"make it with `pmg config --potcar VASP_FOLDER {folder}`"
        return Finding(TOPIC, Health.WARNING, text, mend)
    return Finding(TOPIC, Health.OK, f"POTCAR files of {', '.join(there)} in {folder}")
