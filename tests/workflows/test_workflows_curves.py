"""Curves of relaxations as bytes of their documents."""

import numpy as np
import pytest
from workflow_samples import rocksalt

from db.documents import RelaxationDoc
from facet.graph.neighbors import Crystal
from facet.relaxation.relaxer import relax
from facet.relaxation.settings import RelaxSettings
from facet.testing import HarmonicBonds
from workflows.convert import structure_document
from workflows.curves import MOST_POINTS, curve_points, stored_curve
from workflows.relaxation_documents import relaxation_documents


def document(**changes):
    """A relaxed crystal, by what was kept of its way."""
    stored = structure_document(rocksalt("Na", "Cl"))
    settings = RelaxSettings(max_steps=5)
    (result,) = relax([Crystal(*stored.geometry.unpack())], HarmonicBonds(), settings)
    (made,) = relaxation_documents([(stored, result)], HarmonicBonds(), settings)
    return result, made.model_copy(update=changes)


def test_a_relaxation_keeps_its_curve_without_being_asked():
    result, made = document()
    again = RelaxationDoc.model_validate_json(made.model_dump_json())
    points = curve_points(again)
    assert [each.evaluation for each in points] == list(range(result.num_evaluations))
    np.testing.assert_allclose([each[1:] for each in points], result.curve, rtol=1e-6)


@pytest.mark.parametrize("number", [1, MOST_POINTS, MOST_POINTS + 1, 12_345])
def test_a_long_curve_is_thinned_evenly_between_its_ends(number):
    passed = np.column_stack([np.arange(number), np.arange(number) / 2])
    stored = stored_curve(passed)
    _, made = document(num_evaluations=number, **stored._asdict())
    points = curve_points(made)
    assert len(points) == min(number, MOST_POINTS)
    assert [each.evaluation for each in points] == [each.energy for each in points]
    assert points[0].evaluation == 0
    assert points[-1].evaluation == number - 1
    assert len(stored.energy_curve) == 4 * len(points)


def test_without_a_curve_there_are_no_points():
    assert stored_curve(None) == (None, None)
    assert curve_points(document(energy_curve=None, fmax_curve=None)[1]) == []
