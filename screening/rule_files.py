"""Flag rules as YAML files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from screening.errors import ScreeningError
from screening.rules import FlagRule

if TYPE_CHECKING:
    from pathlib import Path


class _StrictLoader(yaml.SafeLoader):
    """Plain data only, and no name twice: YAML would let the last one win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 (the signature of yaml)
        """Refuse a name that is given twice in one mapping."""
        names = [key.value for key, _ in node.value]
        twice = sorted({str(name) for name in names if names.count(name) > 1})
        if twice:
            raise yaml.MarkedYAMLError(
                problem=f"{', '.join(twice)} is given twice", problem_mark=node.start_mark
            )
        return super().construct_mapping(node, deep)


def parse_rule(text: str, source: str) -> FlagRule:
    """Read a flag rule.

    Args:
        text: YAML.
        source: Name of the text in messages.

    Raises:
        ScreeningError: It is no YAML, lacks its version or name, or holds nonsense; the message
            names the place.
    """
    try:
        data = yaml.load(text, Loader=_StrictLoader)  # noqa: S506 (a SafeLoader)
    except yaml.MarkedYAMLError as error:
        raise ScreeningError(f"{source} cannot be read as YAML{_fault(error)}.") from error
    except yaml.YAMLError as error:
        raise ScreeningError(f"{source} cannot be read as YAML: mend its characters.") from error
    if not isinstance(data, dict):
        raise ScreeningError(f"{source} holds no rule: give names with values, such as version: 1.")
    missing = [key for key in ("version", "name") if data.get(key) is None]
    if missing:
        raise ScreeningError(
            f"{source} lacks {' and '.join(missing)}: a rule begins with version: 1 and a name."
        )
    return FlagRule.from_dict(data, f"Rule {source}")


def load_rule(path: Path) -> FlagRule:
    """Read a flag rule from a YAML file.

    Raises:
        ScreeningError: The file is missing, or as ``parse_rule``.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ScreeningError(f"There is no rule {path}: check the path.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ScreeningError(f"Rule {path} cannot be read ({error}): check the file.") from error
    return parse_rule(text, path.name)


def rule_text(rule: FlagRule) -> str:
    """Write a flag rule as YAML, whole: nothing is left to defaults that may change."""
    values = {"version": rule.version, "name": rule.name or "custom"} | {
        key: value for key, value in rule.to_whole_dict().items() if key not in {"version", "name"}
    }
    return str(yaml.safe_dump(values, sort_keys=False, allow_unicode=True))


def save_rule(rule: FlagRule, path: Path) -> None:
    """Write a flag rule to a YAML file."""
    path.write_text(rule_text(rule), encoding="utf-8")


def _fault(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark
    place = f" at line {mark.line + 1}" if mark else ""
    return f"{place} ({error.problem or error.context})"
