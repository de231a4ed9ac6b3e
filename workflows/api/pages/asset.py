"""Styles and scripts of the pages, by name; nothing else of the disk is served."""

from pathlib import Path
from typing import Literal

from fastapi import APIRouter
from fastapi.responses import FileResponse

REPORT = Path(__file__).parents[2] / "report"
HERE = Path(__file__).parent / "static"
FILES = {
    "palette.css": REPORT / "palette.css",
    "viewer.css": REPORT / "viewer.css",
    "viewer.js": REPORT / "viewer.js",
    "pages.css": HERE / "pages.css",
    "live.js": HERE / "live.js",
    "decide.js": HERE / "decide.js",
}
FileName = Literal["palette.css", "viewer.css", "viewer.js", "pages.css", "live.js", "decide.js"]

router = APIRouter(prefix="/static", include_in_schema=False)


@router.get("/{name}")
def asset(name: FileName) -> FileResponse:
    """Return a style or a script."""
    return FileResponse(FILES[name], headers={"Cache-Control": "max-age=3600"})
