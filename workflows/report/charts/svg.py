"""Elements of SVG as text; whatever is put into them is escaped."""

from __future__ import annotations

from html import escape

SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def tag(name: str, *inner: str, **attributes: str | float | None) -> str:
    """Return an element.

    Args:
        name: Of the element.
        inner: What it holds, elements made by this module already.
        attributes: Values by name; underscores become hyphens, one at the end is dropped, and
            what is None is left out.
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-") if key != "viewBox" else key}="{_value(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{given}>{''.join(inner)}</{name}>" if inner else f"<{name}{given}/>"


def text(at: tuple[float, float], content: str, **attributes: str | float | None) -> str:
    """Return a line of text that begins, or as its anchor says, at a place."""
    return tag("text", escape(content), x=at[0], y=at[1], **attributes)


def figure(size: tuple[float, float], title: str, description: str, *parts: str) -> str:
    """Return a whole picture with what it is called and what it shows.

    Args:
        size: Width and height in its own units.
        title: A few words.
        description: A sentence for those who do not see it; empty leaves it out.
        parts: What is drawn.
    """
    about = [tag("title", escape(title))]
    if description:
        about.append(tag("desc", escape(description)))
    box = f"0 0 {shown(size[0])} {shown(size[1])}"
    return tag("svg", *about, *parts, role="img", viewBox=box, xmlns="http://www.w3.org/2000/svg")


def titled(name: str, title: str, **attributes: str | float | None) -> str:
    """Return an element that says what it is when the pointer rests on it."""
    return tag(name, tag("title", escape(title)), **attributes)


def formula(reduced: str) -> str:
    """Write a chemical formula with small numbers, unless they are fractions."""
    return reduced if "." in reduced else reduced.translate(SUBSCRIPTS)


def shown(number: float, digits: int = 1) -> str:
    """Write a number of a picture as short as it can be."""
    value = f"{number:.{digits}f}"
    short = value.rstrip("0").rstrip(".") if "." in value else value
    return "0" if short == "-0" else short


def _value(value: str | float) -> str:
    return escape(value) if isinstance(value, str) else shown(value)
