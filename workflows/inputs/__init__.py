"""Candidate crystals, read lazily from the files, folders and archives that people have."""

from workflows.inputs.crystal import InputCrystal, InputError, ReadLimits
from workflows.inputs.reading import read_crystals

__all__ = ["InputCrystal", "InputError", "ReadLimits", "read_crystals"]
