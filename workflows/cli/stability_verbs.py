"""The verb that measures phonons and elastic constants of a short list."""

from __future__ import annotations

from typing import Annotated

import typer

from workflows.cli.options import Ended, Json


def stability(
    campaign: Annotated[str, typer.Argument(help="Campaign id", show_default=False)],
    top: Annotated[int, typer.Option(min=1, help="Flagged candidates, the first by rank")] = 20,
    phonons: Annotated[
        bool | None,
        typer.Option("--phonons/--no-phonons", help="Lowest phonon frequency; else as the rule"),
    ] = None,
    elastic: Annotated[
        bool | None,
        typer.Option("--elastic/--no-elastic", help="Elastic constants; else as the rule"),
    ] = None,
    image_distance: Annotated[
        float, typer.Option(help="Of an atom from its image in a supercell, angstrom")
    ] = 12.0,
    max_atoms: Annotated[int, typer.Option(help="Largest supercell")] = 200,
    device: Annotated[str | None, typer.Option(help="Where the potential runs, cuda:0")] = None,
    as_json: Json = False,
) -> None:
    """Measure phonons and elastic constants of a campaign's short list, and judge it again."""
    from workflows.cli.stability import StabilityRequest, run_stability
    from workflows.stability.settings import StabilitySettings

    request = StabilityRequest(
        campaign_id=campaign,
        choices={"phonons": phonons, "elastic": elastic},
        top=top,
        settings=StabilitySettings(image_distance=image_distance, max_atoms=max_atoms),
        device=device,
    )
    raise Ended(run_stability(request, as_json=as_json))
