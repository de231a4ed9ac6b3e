"""The verb that runs workers."""

from __future__ import annotations

from typing import Annotated

import typer

from workflows.cli.options import Ended


def worker(
    device: Annotated[
        str | None, typer.Option(help="Where potentials run, e.g. cuda:0; theirs by default")
    ] = None,
    devices: Annotated[
        str | None, typer.Option(help="GPUs to fill, one process each: all, or e.g. 0,1")
    ] = None,
    processes: Annotated[int, typer.Option(min=1, help="Processes, on each GPU or in all")] = 1,
    until: Annotated[
        str | None, typer.Option(help="Be gone by this time (ISO), or +HH:MM from now")
    ] = None,
    margin: Annotated[
        float, typer.Option(min=0, help="Begin to hand work back so long before, seconds")
    ] = 120.0,
    lease: Annotated[
        float, typer.Option(help="Work returns to others after this silence, seconds")
    ] = 120.0,
    category: Annotated[str, typer.Option(help="Kind of Fireworks to take")] = "facet",
    exit_when_idle: Annotated[
        bool, typer.Option("--exit-when-idle", help="Leave when nothing is left to run")
    ] = False,
    max_idle: Annotated[
        float | None, typer.Option(min=0, help="Leave after so long without a job, seconds")
    ] = None,
    metrics_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Serve Prometheus metrics; 0 chooses")
    ] = None,
    metrics_host: Annotated[str, typer.Option(help="Address of the metrics")] = "127.0.0.1",
    log_format: Annotated[str, typer.Option(help="text or json")] = "text",
    label: Annotated[str, typer.Option(hidden=True)] = "",
    supervisor: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Take jobs from the database and run them, the potential loaded from one to the next."""
    from workflows.cli.worker import run_workers
    from workflows.worker.settings import WorkerSettings, earliest, end_of_allocation, parse_until

    settings = WorkerSettings(
        device=device,
        category=category,
        lease_seconds=lease,
        until=earliest(parse_until(until) if until else None, end_of_allocation()),
        margin_seconds=margin,
        exit_when_idle=exit_when_idle,
        max_idle_seconds=max_idle,
        metrics_port=metrics_port,
        metrics_host=metrics_host,
        log_format=log_format,
        label=label,
        supervisor=supervisor,
    )
    raise Ended(run_workers(settings, devices=devices, processes=processes))
