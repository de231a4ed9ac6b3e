"""Candidates out of the database into files, one at a time: CSV, JSON, crystals, Parquet."""

from workflows.export.output import FORMATS, Output

__all__ = ["FORMATS", "Output"]
