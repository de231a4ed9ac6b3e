"""Templates of web pages; text from files is escaped, and a value that is missing is an error."""

from __future__ import annotations

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
