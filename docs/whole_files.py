"""Pages that are files of the repository's root: read where they lie, with their links mended."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = {"architecture.md": "ARCHITECTURE.md", "changes.md": "CHANGELOG.md"}


def on_page_markdown(markdown: str, page: object, **_: object) -> str:
    """Put the file of the root in place of its page; mkdocs calls this for every page.

    Args:
        markdown: Of the page.
        page: mkdocs' page.
    """
    name = page.file.src_uri  # type: ignore[attr-defined]
    if name not in PAGES:
        return markdown
    text = (ROOT / PAGES[name]).read_text()
    return re.sub(r"\]\(docs/", "](", text)
