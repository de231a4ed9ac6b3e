"""The verb that runs the web service."""

from __future__ import annotations

from typing import Annotated

import typer

from workflows.cli.options import Ended, Json


def serve(
    host: Annotated[
        str | None, typer.Option(help="Address to listen on; 127.0.0.1 unless set otherwise")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port, usually 8000; 0 takes a free one")
    ] = None,
    as_json: Json = False,
) -> None:
    """Serve campaigns and candidates to browsers and programs, and as OPTIMADE structures."""
    from workflows.cli.serve import run_serve

    raise Ended(run_serve(host, port, as_json=as_json))
