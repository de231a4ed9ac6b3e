"""What is said when a command cannot go on: mistakes in a sentence, faults of Facet in two."""

import errno
import subprocess
import sys

import pytest
from workflow_samples import alloys, write_lines

from db.errors import DbError
from workflows.cli import faults
from workflows.cli.exits import MEANINGS

HEAVY = ("torch", "numpy", "pymatgen", "pymongo", "jobflow", "ase", "atomate2", "scipy", "facet.nn")


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A working folder with files that are all wrong in some way, and one that is not."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FACET_MONGO_URI", raising=False)
    monkeypatch.setenv("FACET_HOME", str(tmp_path / "file" / "home"))  # no database can be there
    write_lines(tmp_path / "good.jsonl", alloys())
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    (tmp_path / "broken.yaml").write_text("a: [1, 2\n")
    (tmp_path / "list.yaml").write_text("- 1\n")
    (tmp_path / "broken.json").write_text('{"a": ')
    (tmp_path / "noise.yaml").write_bytes(bytes(range(256)))
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04nonsense")
    (tmp_path / "fake.safetensors").write_bytes(b"nonsense")
    frame = 'Lattice="3 0 0 0 3 0 0 0 3" Properties=species:S:1:pos:R:3 pbc="T T T"'
    (tmp_path / "unlabeled.extxyz").write_text(f"1\n{frame}\nCu 0 0 0\n")
    return tmp_path


def sentences(ended):
    """The one line that a mistake is told in; fails where there is anything else."""
    assert (ended.code, ended.out) == (1, ""), ended
    assert "Traceback" not in ended.err
    (line,) = ended.err.strip().splitlines()
    assert line.endswith((".", "?"))
    return line


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("nonsense", "No such command 'nonsense'. `facet --help`"),
        ("db nonsense", "No such command 'nonsense'. `facet db --help`"),
        ("screen", "Missing argument"),
        ("screen good.jsonl", "Missing option '--reference'. `facet screen --help`"),
        ("query --limi 3", "--limit"),
        ("query --limit three", "Invalid value for '--limit'"),
        ("relax good.jsonl --limit 0", "greater than or equal to 1"),
        ("relax good.jsonl --fmax abc", "valid number. `facet relax --help`"),
        ("relax good.jsonl --fmax nan", "fmax must be a finite number"),
        ("relax no.cif", "no.cif does not exist"),
        ("relax good.jsonl --potential nothing", "no potential 'nothing'"),
        ("relax good.jsonl --potential fake.safetensors", "cannot be read as a safetensors"),
        ("relax good.jsonl --potential mace:no.model", "cannot be read (No such file"),
        ("relax good.jsonl --cell wobbly", "cell must be one of"),
        ("relax good.jsonl --out x.cif", "must end in .extxyz"),
        ("relax good.jsonl --out file/x.extxyz", "choose a file in a folder of yours"),
        ("flag c --rule no.yaml", "There is no rule"),
        ("flag c --rule broken.yaml", "cannot be read as YAML at line 2"),
        ("flag c --rule noise.yaml", "cannot be read"),
        ("train", "Give either a training config alone"),
        ("train no.yaml", "cannot be read (No such file or directory)"),
        ("train broken.yaml", "cannot be read (line 2:"),
        ("train noise.yaml", "can't decode byte"),
        ("train list.yaml", "needs at least `model`"),
        ("train --from facet-s --data broken.npz --out o", "no whole .npz file"),
        ("evaluate broken.npz", "no whole .npz file"),
        ("evaluate unlabeled.extxyz", "has no energy, forces and stress"),
        ("evaluate --suite moon", "There is no suite 'moon'"),
        ("label good.jsonl --calculator facet-s --out o --device quantum", "no device 'quantum'"),
        ("label good.jsonl --calculator os:nothing --out o", "cannot be imported"),
        ("spool run folder", "is no spool"),
        ("spool run file --device cuda:99", "The device cuda:99 is not here"),
        ("worker --device cuda:99", "The device cuda:99 is not here"),
        ("stability c --device quantum", "no device 'quantum'"),
        ("plan good.jsonl --gpus 0", "greater than or equal to 1"),
        ("report c --html file/x.html", "choose a file in a folder of yours"),
        ("serve --port 99999", "less than or equal to 65535"),
        ("worker --devices banana", "is visible here"),
        ("worker --log-format xml", "'xml' is no log format"),
        ("worker --until yesterday", "'yesterday' is no time"),
        ("priority c 99999999999999999999", "less than or equal to 1000000"),
        ("query --format word", "'word' is no format"),
        ("db prune --trajectories-older-than soon", "is no age"),
        ("db init --found nonsense", "names no replica set"),
        ("env make moon", "no recipe for an environment 'moon'"),
        ("import sevennet-0 --out x.safetensors --source no.pth", "There is no SevenNet-0"),
    ],
)
@pytest.mark.usefixtures("place")
def test_a_mistake_that_needs_no_database_is_told_in_a_line(facet, arguments, sentence):
    assert sentence in sentences(facet(*arguments.split()))


@pytest.mark.integration
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("query --campaign $where", "holds no campaign $where"),
        ("query --chemsys Li-Xx --all-campaigns", "'Xx' is no element"),
        ("query --formula Zz9 --all-campaigns", "'Zz9' is no chemical formula"),
        ("query --all-campaigns --out file/x.csv", "choose a file in a folder of yours"),
        ("query --space-group 999", "--space-group cannot be used"),
        ("query --min-sites 5 --max-sites 2", "The conditions cannot be used: min_nsites is"),
        ("query --sort nothing", "--sort cannot be used"),
        ("query --all-campaigns --after garbage", "cannot be read"),
        ("status --campaign c", "holds no campaign 'c'"),
        ("account c", "holds no campaign 'c'"),
        ("screen good.jsonl --reference nothing", "neither a file or folder nor a stored"),
        ("retry c --end bogus", "'bogus' is no end"),
        ("spool out folder --campaign c --shard 9/3", "'9/3' is no part"),
        ("db import file", "no archive of campaigns"),
        ("db export --out x.tar", "holds no campaign yet"),
        ("reference build --name x broken.json", "cannot be read as JSON"),
        ("reference show nothing", "no reference of the name"),
        ("compare good.jsonl --with facet-s --html x.pdf", "must end in .html"),
        ("compare good.jsonl --with ase:emt:EMT --device quantum", "no device 'quantum'"),
    ],
)
@pytest.mark.usefixtures("place", "facet_environment")
def test_a_mistake_that_the_database_shows_is_told_in_a_line(facet, arguments, sentence):
    assert sentence in sentences(facet(*arguments.split()))


@pytest.mark.parametrize(
    "arguments",
    ["query", "status", "pause c", "db check", "dft status c", "reference list", "db export"],
)
def test_a_server_that_is_away_is_told_in_a_line_without_its_password(
    facet, monkeypatch, arguments
):
    uri = "mongodb://me:hush@127.0.0.1:1/?serverSelectionTimeoutMS=50"
    monkeypatch.setenv("FACET_MONGO_URI", uri)
    told = sentences(facet(*arguments.split()))
    assert told.startswith("No MongoDB server answers at 127.0.0.1:1; check")
    assert "hush" not in told


@pytest.mark.parametrize("arguments", [("--debug", "relax"), ("relax", "--debug")])
def test_debug_shows_where_a_mistake_was_met_on_either_side_of_the_verb(facet, arguments, place):
    ended = facet(*arguments, "no.cif")
    assert ended.code == 1
    assert "Traceback" in ended.err
    assert "in read_crystals" in ended.err
    assert ended.err.splitlines()[-1].endswith("check the path and the working folder.")


def test_debug_may_come_from_the_environment_and_be_turned_off_there(facet, monkeypatch):
    monkeypatch.setenv("FACET_DEBUG", "1")
    assert "Traceback" in facet("relax", "no.cif").err
    monkeypatch.setenv("FACET_DEBUG", "0")
    assert "Traceback" not in facet("relax", "no.cif").err


def test_what_follows_two_dashes_is_no_option():
    assert faults.take_debug(["relax", "--debug", "--", "--debug"]) == (
        ["relax", "--", "--debug"],
        True,
    )


def failing(monkeypatch, error):
    """Let ``facet doctor`` raise an error."""

    def raise_it(**_):
        raise error

    monkeypatch.setattr("workflows.cli.doctor.run_doctor", raise_it)


def test_a_fault_of_facet_is_told_in_two_sentences_with_a_code_of_its_own(facet, monkeypatch):
    failing(monkeypatch, KeyError("mongodb://me:hush@host/ and more"))
    ended = facet("doctor")
    assert ended.code == 70
    (line,) = ended.err.splitlines()
    assert line.startswith("KeyError: 'mongodb://host/ and more'. This is a fault of Facet")
    assert "--debug" in line
    told = facet("doctor", "--debug")
    assert told.code == 70
    assert "in raise_it" in told.err
    assert "hush" not in told.err


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (PermissionError(errno.EACCES, "Permission denied", "x.csv"), "x.csv cannot be used (Perm"),
        (OSError(errno.ENOSPC, "No space left on device"), "refused (No space left on device)"),
        (MemoryError(), "not enough memory"),
        (ModuleNotFoundError("No module named 'pyarrow'"), "'pyarrow'; `facet doctor` says"),
        (DbError("The index is gone; make it anew."), "The index is gone; make it anew."),
    ],
)
def test_what_the_machine_lacks_is_no_fault_of_facet(facet, monkeypatch, error, sentence):
    failing(monkeypatch, error)
    assert sentence in sentences(facet("doctor"))


def test_a_driver_that_fails_names_its_error_and_nothing_secret(facet, monkeypatch):
    from pymongo.errors import CursorNotFound

    failing(monkeypatch, CursorNotFound("cursor of mongodb://me:hush@host"))
    told = sentences(facet("doctor"))
    assert "CursorNotFound" in told
    assert "hush" not in told


def test_ctrl_c_ends_with_130_and_no_traceback(facet, monkeypatch):
    failing(monkeypatch, KeyboardInterrupt())
    ended = facet("doctor", "--debug")
    assert (ended.code, ended.out) == (130, "")
    assert "Traceback" not in ended.err


def test_a_reader_who_leaves_is_no_mistake():
    program = "from workflows.cli.main import app; from workflows.cli import main\n"
    program += "from workflows.cli.options import Ended\n"
    program += "def many():\n    print('x' * 10**6)\n    raise Ended(0)\n"
    program += "app.command()(many)\nmain.run()"
    command = f'{sys.executable} -c "$PROGRAM" many | head -c 1; echo ${{PIPESTATUS[0]}}'
    done = subprocess.run(
        ["bash", "-c", command],
        env={"PROGRAM": program, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Traceback" not in done.stderr
    assert "fault" not in done.stderr
    assert done.stdout.strip()[1:] in {"1", "141"}


def test_no_verb_is_a_mistake_that_shows_the_help(facet):
    for arguments in ([], ["db"]):
        ended = facet(*arguments)
        assert ended.code == 1
        assert "Usage: facet" in ended.out + ended.err


def test_the_help_names_every_exit_code(facet):
    told = " ".join(facet("--help").out.split())
    assert all(f"{code} {meaning}" in told for code, meaning in MEANINGS.items())
    assert "FACET_DEBUG" in told


@pytest.mark.parametrize("verb", ["screen", "db check", "reference"])
def test_help_of_a_verb_is_that_of_the_verb_wherever_debug_stands(facet, verb):
    plain = facet(*verb.split(), "--help")
    assert f"Usage: facet {verb} " in plain.out
    assert facet("--debug", *verb.split(), "--help") == plain
    assert plain.code == 0


def test_verbs_are_completed(facet, monkeypatch):
    monkeypatch.setenv("_FACET_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "facet sc")
    monkeypatch.setenv("COMP_CWORD", "1")
    assert "screen" in facet().out.split()


def test_the_command_line_is_imported_without_anything_heavy():
    program = "import sys, workflows.cli.main; print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert not set(HEAVY) & set(done.stdout.split())
