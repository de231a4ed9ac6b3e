"""Folders and archives: read in memory, in order, and never beyond their walls."""

from __future__ import annotations

import io
import lzma
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest
from input_samples import fault_of, frame, only, read, rock_salt_cif, written

from workflows.inputs import ReadLimits

if TYPE_CHECKING:
    from pathlib import Path


def test_a_folder_is_read_sorted_and_says_once_what_it_passed_over(tmp_path):
    for name in ("b.cif", "a/z.cif", "a/y.cif", ".hidden.cif"):
        written(tmp_path / name, rock_salt_cif())
    for name in ("README.md", "run.slurm", "a/x.res", "q.xsf", "r.xsf"):
        written(tmp_path / name, "text")
    crystals = read(tmp_path)
    assert [crystal.origin.removeprefix(f"{tmp_path}/") for crystal in crystals[:-1]] == [
        "b.cif", "a/y.cif", "a/z.cif",
    ]  # fmt: skip
    fault = fault_of(crystals[-1])
    assert "4 files of no format" in fault
    assert "README" not in fault


def test_an_empty_folder_is_one_sentence(tmp_path):
    assert "no file of a format read here" in fault_of(only(tmp_path))


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as pack:
        for name, content in members.items():
            pack.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return path


def tarred(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz" if path.suffix == ".tgz" else "w") as pack:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            pack.addfile(info, io.BytesIO(content))
    return path


@pytest.mark.parametrize(
    ("pack", "name"), [(zipped, "a.zip"), (tarred, "a.tar"), (tarred, "a.tgz")]
)
def test_members_of_an_archive_are_read_in_memory(tmp_path, pack, name):
    cif = rock_salt_cif().encode()
    archive = pack(
        tmp_path / name,
        {
            "MgO.cif": cif,
            "sub/set.extxyz.xz": lzma.compress(frame().encode() * 2),
            "notes.txt": b"",
        },
    )
    crystals = read(archive)
    assert [crystal.origin for crystal in crystals] == [
        f"{archive}:MgO.cif",
        f"{archive}:sub/set.extxyz.xz#1",
        f"{archive}:sub/set.extxyz.xz#2",
    ]
    assert all(crystal.fault is None for crystal in crystals)
    assert list(tmp_path.iterdir()) == [archive]


@pytest.mark.parametrize(("pack", "name"), [(zipped, "a.zip"), (tarred, "a.tar")])
def test_members_that_leave_the_archive_are_refused(tmp_path, pack, name):
    cif = rock_salt_cif().encode()
    evil = {"/etc/x.cif": cif, "../up.cif": cif, "a/../../b.cif": cif, "C:\\c.cif": cif}
    crystals = read(pack(tmp_path / name, {**evil, "fine.cif": cif, "nested.zip": b"PK"}))
    faults = [fault_of(crystal) for crystal in crystals if crystal.fault is not None]
    assert sum("leaves the archive" in fault for fault in faults) == len(evil)
    assert sum("archive inside an archive" in fault for fault in faults) == 1
    assert [crystal.name for crystal in crystals if crystal.fault is None] == ["fine"]


def test_oversize_members_are_refused_by_header_and_by_content(tmp_path):
    limits = ReadLimits(member_bytes=10_000)
    big = b"x" * 20_000
    archive = zipped(
        tmp_path / "a.zip", {"big.cif": big, "bomb.cif.xz": lzma.compress(big), "no.cif": b"x"}
    )
    faults = [fault_of(crystal) for crystal in read(archive, limits=limits)]
    assert ["unpacks to more than" in fault for fault in faults] == [True, True, False]


def test_links_in_a_tar_are_refused(tmp_path):
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as pack:
        info = tarfile.TarInfo("x.cif")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        pack.addfile(info)
    assert "link" in fault_of(only(path))


def test_a_damaged_archive_keeps_the_members_before_the_damage(tmp_path):
    cif = rock_salt_cif().encode()
    path = tarred(tmp_path / "a.tar", {"a.cif": cif, "b.cif": cif})
    path.write_bytes(path.read_bytes()[:2000])
    crystals = read(path)
    assert crystals[0].fault is None
    assert "could not be read" in fault_of(crystals[-1])
