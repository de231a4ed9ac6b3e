import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text()


def anchor(heading):
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_between_pages_leads_somewhere(page):
    text = page.read_text()
    headings = {anchor(each) for each in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if target.startswith("#"):
            assert target[1:] in headings
        elif not target.startswith("https://"):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("package", ["facet", "screening", "db", "workflows"])
def test_the_architecture_names_only_files_that_exist(package):
    section = ARCHITECTURE.split(f"**`{package}/`**")[1].split("\n\n**`")[0].split("\n\nBeside")[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    files = {path.name for path in (ROOT / package).rglob("*.py")}
    named = re.findall(r"`([\w/]+(?:\.py|/))`", "\n".join(rows))
    assert named
    for name in named:
        is_there = (ROOT / package / name).is_dir() if name.endswith("/") else name in files
        assert is_there, name


def test_decisions_are_numbered_without_gaps_and_say_why():
    decisions = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    for number, path in enumerate(decisions, start=1):
        text = path.read_text()
        assert path.name.startswith(f"{number:04d}-")
        assert text.startswith(f"# {number:04d}: ")
        for part in ("**Context.**", "**Decision.**", "**Consequence.**"):
            assert text.count(part) == 1
