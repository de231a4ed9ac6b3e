"""Environments beside this one, for potentials that cannot share it: where they are, what is wrong.

MACE needs an older e3nn than Facet; the rest of its environment is Facet with all its workers.
"""

from workflows.environments.places import EnvironmentMissingError, place_of, python_of

__all__ = ["EnvironmentMissingError", "place_of", "python_of"]
