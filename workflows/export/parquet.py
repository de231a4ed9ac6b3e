"""Candidates as Parquet, for tables of millions; pyarrow is an optional extra."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from db.blocks import blocks
from workflows.export.errors import ExportError
from workflows.rows import candidate_row

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from db.documents import CandidateDoc

ROWS_PER_GROUP = 10_000
INTEGERS = frozenset({"rank", "nsites", "num_steps", "space_group_number"})
REALS = frozenset(
    {
        "fmax",
        "smax",
        "energy_per_atom",
        "formation_energy_per_atom",
        "energy_above_hull",
        "energy_above_dft_hull",
        "energy_above_own_hull",
        "energy_above_self_hull",
        "disagreement",
        "p_stable",
        "core_hours",
        "inclusion_probability",
        "dft_result_above_hull",
        "dft_result_formation_energy",
        "dft_result_volume_change",
        "dft_result_rmsd",
    }
)
TRUTHS = frozenset({"is_stable", "is_flagged", "dft_result_is_stable"})


def require_pyarrow() -> None:
    """Refuse when pyarrow is not installed.

    Raises:
        ExportError: It is not.
    """
    if find_spec("pyarrow") is None:
        raise ExportError("Parquet needs pyarrow: install it with pip install 'facet[parquet]'.")


def write_parquet(candidates: Iterable[CandidateDoc], path: Path) -> None:
    """Write a row for each candidate, compressed, in groups that fit in memory."""
    from db.documents import CandidateDoc, Origin

    pa: Any = import_module("pyarrow")
    parquet: Any = import_module("pyarrow.parquet")
    blank = CandidateDoc(campaign_id="c", material_id="m", origin=Origin(file="f", index=0))
    schema = pa.schema([(name, _type(pa, name)) for name in candidate_row(blank)])
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for block in blocks(candidates, ROWS_PER_GROUP):
            rows = [_row(each) for each in block]
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))


def _row(candidate: CandidateDoc) -> dict[str, Any]:
    row = candidate_row(candidate)
    return row | {"decomposes_to": list(row["decomposes_to"].items())}


def _type(pa: Any, name: str) -> Any:  # noqa: ANN401 (a library that may not be installed)
    """The Arrow type of a column."""
    if name in INTEGERS:
        return pa.int64()
    if name in REALS:
        return pa.float64()
    if name in TRUTHS:
        return pa.bool_()
    if name == "reasons":
        return pa.list_(pa.string())
    return pa.map_(pa.string(), pa.float64()) if name == "decomposes_to" else pa.string()
