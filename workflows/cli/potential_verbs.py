"""Verbs about potentials: label, train, evaluate, import, doctor."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workflows.cli.options import Candidates, Ended, Json, Limit, Potential, Strict


def label(
    structures: Candidates,
    calculator: Annotated[
        str, typer.Option(help="Bundled name, checkpoint, or module:factory of an ASE calculator")
    ],
    out: Annotated[Path, typer.Option(help="Folder of the shards; a second run goes on in it")],
    arguments: Annotated[str, typer.Option(help="JSON keyword arguments of the factory")] = "{}",
    device: Annotated[str, typer.Option(help="Where the calculator runs, e.g. cuda")] = "",
    frames: Annotated[str, typer.Option(help="Frames of a crystal, e.g. rattled=4,dimer=0")] = "",
    seed: Annotated[int, typer.Option(help="Of everything random")] = 0,
    max_atoms: Annotated[int, typer.Option(min=1, help="Pass over larger crystals")] = 200,
    shard_size: Annotated[int, typer.Option(min=1, help="Crystals of a shard")] = 32,
    processes: Annotated[int, typer.Option(min=1, help="Shards made at the same time")] = 1,
    exclude: Annotated[
        list[Path] | None, typer.Option(help="Crystals kept for testing: no frame of their formula")
    ] = None,
    limit: Limit = None,
    as_json: Json = False,
    strict: Strict = False,
) -> None:
    """Make training frames of crystals and label them with a potential or an ASE calculator."""
    from workflows.cli.label import run_label
    from workflows.labeling.calculators import CalculatorSpec
    from workflows.labeling.run import LabelRequest
    from workflows.labeling.settings import LabelSettings, parse_counts

    request = LabelRequest(
        paths=structures,
        out=out,
        calculator=CalculatorSpec(calculator, arguments, device),
        settings=LabelSettings(
            counts=parse_counts(frames),
            seed=seed,
            parents_per_shard=shard_size,
            max_atoms=max_atoms,
        ),
        processes=processes,
        limit=limit,
        exclude=exclude or [],
    )
    raise Ended(run_label(request, as_json=as_json, strict=strict))


def train(
    config: Annotated[
        Path | None, typer.Argument(help="YAML file with the settings of the run")
    ] = None,
    start: Annotated[
        str | None, typer.Option("--from", help="Fine-tune this potential, e.g. facet-s")
    ] = None,
    data: Annotated[
        list[Path] | None, typer.Option(help="New labeled frames, e.g. dft_results.jsonl")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the fine-tuned potential")] = None,
    replay: Annotated[
        str, typer.Option(help="Pattern of shards to mix in, so that nothing is forgotten")
    ] = "",
    steps: Annotated[
        int | None, typer.Option(min=1, help="Steps of fine-tuning; 1000 if absent")
    ] = None,
    refit_energies: Annotated[
        bool, typer.Option("--refit-energies", help="Fit the energy of each element anew first")
    ] = False,
    exclude: Annotated[
        list[Path] | None, typer.Option(help="Crystals kept for testing: refuse their formulas")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last saved state")
    ] = False,
    as_json: Json = False,
) -> None:
    """Train a potential on labeled frames, or fine-tune one (--from, --data, --out)."""
    from workflows.cli.train import chosen_job, run_train
    from workflows.fine_tuning import FineTuning

    tuning = None
    if start and data and out:
        tuning = FineTuning(start, tuple(data), out, replay, steps or 1000, refit_energies)
    asked = bool(start or data or out or replay or steps or refit_energies)
    job = chosen_job(config, tuning, is_tuning=asked)
    raise Ended(run_train(job, exclude or [], resume=resume, as_json=as_json))


def evaluate(
    frames: Annotated[
        list[Path] | None,
        typer.Argument(help="Label shards (.npz) or extxyz with energies and forces"),
    ] = None,
    suite: Annotated[
        str | None, typer.Option(help="Run a whole suite instead: dft", show_default=False)
    ] = None,
    potential: Potential = "facet-s",
    limit: Annotated[
        int | None, typer.Option(min=1, help="Frames or crystals of each row at most")
    ] = None,
    max_pressure: Annotated[
        float | None, typer.Option(help="Leave out frames under more pressure than this, GPa")
    ] = None,
    plots: Annotated[
        Path | None, typer.Option(help="Folder for parity plots of the frames")
    ] = None,
    data: Annotated[Path, typer.Option(help="Folder of the suite's DFT data")] = Path(
        "../shared/data"
    ),
    part: Annotated[
        list[str] | None,
        typer.Option(help="Run this part of the suite: frames dimers elasticity smoothness wbm"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the suite's table and JSON document")
    ] = None,
    beside: Annotated[
        list[Path] | None, typer.Option(help="JSON document of an earlier run, for one table")
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure the errors of a potential against labeled frames, or by the DFT suite."""
    from facet.errors import ConfigError
    from workflows.cli.evaluate import FramesRequest, SuiteRequest, run_dft_suite, run_frames

    if (suite is None) == (not frames):
        raise ConfigError("Give either files of labeled frames or --suite dft.")
    if suite is not None:
        parts, others = tuple(part or ()), tuple(beside or ())
        whole = SuiteRequest(suite, data, parts, limit, out, others)
        raise Ended(run_dft_suite(whole, potential, as_json=as_json))
    request = FramesRequest(tuple(frames or ()), limit, max_pressure, plots)
    raise Ended(run_frames(request, potential, as_json=as_json))


def doctor(as_json: Json = False) -> None:
    """Examine the installation; every line is ok, warning or broken, with the mend."""
    from workflows.cli.doctor import run_doctor

    raise Ended(run_doctor(as_json=as_json))


def import_weights(
    name: Annotated[str, typer.Argument(help="What to import: sevennet-0")],
    out: Annotated[Path, typer.Option(help="Checkpoint to write (.safetensors)")],
    source: Annotated[
        Path | None, typer.Option(help="The original's file; the installed package if absent")
    ] = None,
    radial: Annotated[
        str, typer.Option(help="mlp keeps the original, linear replaces its radial MLPs")
    ] = "mlp",
    num_basis: Annotated[
        int, typer.Option(min=1, max=64, help="Radial functions of linear radial maps")
    ] = 16,
    as_json: Json = False,
) -> None:
    """Read the weights of another potential, from your own installation, into a checkpoint."""
    from workflows.cli.import_weights import run_import

    raise Ended(run_import(name, source, out, radial, num_basis, as_json=as_json))
