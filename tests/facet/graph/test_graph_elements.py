"""Elements are refused by their names."""

import numpy as np
import pytest

from facet.errors import UnsupportedElement
from facet.graph.elements import check_batch_species
from facet.graph.neighbors import Crystal, build_batch


def batch_of(*numbers):
    return build_batch(
        [Crystal(np.array([n]), np.zeros((1, 3)), 9 * np.eye(3)) for n in numbers], 5
    )


def test_known_elements_pass():
    check_batch_species(batch_of(8, 26), {8, 26})


def test_unknown_elements_are_named_with_the_places_of_their_structures():
    with pytest.raises(UnsupportedElement, match=r"know Br, Rn, which .* place 1, 2, 4 ") as caught:
        check_batch_species(batch_of(8, 86, 35, 8, 35), {8})
    assert "remove the structure" in str(caught.value)
