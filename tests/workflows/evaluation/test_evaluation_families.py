"""Chemical families."""

from __future__ import annotations

import numpy as np
import pytest

from facet.graph.elements import SYMBOLS
from workflows.evaluation.families import families, family


@pytest.mark.parametrize(
    ("symbols", "name"),
    [
        ("Cu Cu", "elements"),
        ("O O", "elements"),
        ("Na Cl", "halides"),
        ("Na O", "oxides"),
        ("Ca C O", "oxides"),
        ("La O F", "halides"),
        ("Bi O Cl", "oxides"),
        ("Zn S", "chalcogenides"),
        ("Cu S Cl", "halides"),
        ("Ga As", "pnictides"),
        ("Li H", "hydrides"),
        ("Ti C", "carbides, borides, silicides"),
        ("Fe Si", "carbides, borides, silicides"),
        ("Ni Al", "intermetallics"),
        ("Na He", "others"),
    ],
)
def test_the_anion_names_the_family(symbols, name):
    assert family(SYMBOLS.index(symbol) for symbol in symbols.split()) == name


def test_every_frame_has_its_own_family():
    species = np.array([29, 11, 17, 11, 17, 8])
    assert families(np.array([1, 4, 1]), species).tolist() == ["elements", "halides", "elements"]
