from pathlib import Path

import pytest

from screening.errors import ScreeningError
from screening.rule_files import load_rule, parse_rule, rule_text, save_rule
from screening.rules import FlagRule

EXAMPLES = Path(__file__).parents[2] / "examples" / "rules"


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_example_is_a_rule_of_its_own_name(path):
    assert load_rule(path).name == path.stem


def test_the_example_of_the_default_rule_says_all_that_the_default_is():
    text = (EXAMPLES / "default.yaml").read_text()
    assert load_rule(EXAMPLES / "default.yaml").rule_id == FlagRule().rule_id
    assert all(f"{key}:" in text for key in FlagRule().to_dict())


def test_a_rule_survives_its_file(tmp_path):
    rule = FlagRule.from_dict(
        {"name": "mine", "hull_limits": {"own": 0.1}, "gates": {"volume": {"mode": "off"}}}
    )
    save_rule(rule, tmp_path / "mine.yaml")
    assert load_rule(tmp_path / "mine.yaml") == rule


def test_a_mode_may_be_off_without_quotes():
    rule = parse_rule("version: 1\nname: a\ngates: {volume: {mode: off}}", "a.yaml")
    assert rule.gates.volume.mode == "off"


def test_nothing_of_a_written_rule_is_left_to_defaults():
    text = rule_text(FlagRule(name="mine"))
    assert text.startswith("version: 1\nname: mine\n")
    assert all(f"{key}:" in text for key in FlagRule().to_dict())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("version: 1", "a.yaml lacks name: a rule begins with version: 1 and a name."),
        ("- 1", "a.yaml holds no rule"),
        ("", "a.yaml holds no rule"),
        ("version: [", "a.yaml cannot be read as YAML at line 1"),
        ("version: 1\nname: a\nname: b", "(name is given twice)"),
        ("version: 1\nname: a\ngates:\n  volume: {least: 1, least: 2}", "(least is given twice)"),
        ("version: 1\nname: a\nmax_ehull: 1", "Rule a.yaml has no 'max_ehull'"),
        ("version: 1\nname: a\ncost: {speed: 1}", "Rule a.yaml: cost has no 'speed'"),
        ("a: !!python/object/apply:os.getcwd []", "a.yaml cannot be read as YAML"),
        ("a: \x00", "a.yaml cannot be read as YAML"),
    ],
)
def test_what_is_no_rule_is_refused_in_a_sentence(text, words):
    with pytest.raises(ScreeningError) as caught:
        parse_rule(text, "a.yaml")
    assert words in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ScreeningError, match=r"no rule .*none.yaml: check the path"):
        load_rule(tmp_path / "none.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(ScreeningError, match="cannot be read"):
        load_rule(tmp_path / "binary.yaml")
