import re
import runpy
from pathlib import Path

import pytest
from typer.main import get_command

from db.settings import DbSettings
from workflows.cli.main import app

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
FIRST_SCREEN = "\n".join(README.splitlines()[:32])


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def called_verbs():
    for line in "\n".join(blocks("sh")).splitlines():
        words = line.split("#")[0].split()
        if words[:1] == ["facet"]:
            yield words[1], [word for word in words[2:] if word.startswith("--")]


def test_the_python_example_runs_as_it_stands(tmp_path, capsys):
    (example,) = blocks("python")
    script = tmp_path / "example.py"
    script.write_text(example)
    runpy.run_path(str(script))
    lines = sorted(capsys.readouterr().out.splitlines())
    assert [line.split()[0] for line in lines] == ["MgO", "NaCl"]
    assert all(re.search(r"-?\d+\.\d{3} eV after \d+ steps", line) for line in lines)


def test_the_first_screen_holds_two_commands_and_twelve_lines_of_python():
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert re.findall(r"^make (\w+)", FIRST_SCREEN, re.MULTILINE) == ["campaign", "test"]
    assert {"campaign", "test"} <= set(targets)
    (example,) = blocks("python")
    assert example in FIRST_SCREEN
    assert len(example.splitlines()) <= 12


@pytest.mark.parametrize(("verb", "options"), [*called_verbs()])
def test_every_verb_and_option_shown_is_one_of_the_command_line(verb, options):
    command = get_command(app).commands[verb]
    known = {text for parameter in command.params for text in parameter.opts}
    assert set(options) <= known


def test_the_table_of_variables_is_that_of_the_settings():
    shown = re.findall(r"^\| `(FACET_\w+)` \|", README, re.MULTILINE)
    assert shown == [f"FACET_{name.upper()}" for name in DbSettings.model_fields]


def test_the_table_of_measured_errors_has_its_place():
    assert README.count("<!-- errors:start -->") == README.count("<!-- errors:end -->") == 1
    assert README.index("<!-- errors:start -->") < README.index("<!-- errors:end -->")
