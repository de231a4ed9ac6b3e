"""Templates of web pages; text from files is escaped, and a value that is missing is an error."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined


def page_environment(folder: str) -> Environment:
    """Return the environment of the templates in a folder of ``workflows``."""
    return Environment(
        loader=PackageLoader("workflows", folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def styles(*names: str) -> str:
    """Return style sheets of pages, one behind the other; ``palette`` comes first."""
    return "".join(_file(f"{name}.css") for name in names)


def script(name: str) -> str:
    """Return a script of pages, such as ``viewer``."""
    return _file(f"{name}.js")


def script_hash(text: str) -> str:
    """Return how a content security policy names a script that a page holds."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _file(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
