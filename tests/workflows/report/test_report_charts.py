"""Charts: right places, ticks that people read, the same picture every time."""

from __future__ import annotations

import pytest
from report_samples import drawn_of

from workflows.report.charts.bars import Bar, Counted, horizontal, over_time
from workflows.report.charts.binary import binary
from workflows.report.charts.hulls import Diagram, Phase, Placed
from workflows.report.charts.labels import Label, names
from workflows.report.charts.lower_hull import edges, facets
from workflows.report.charts.quaternary import quaternary
from workflows.report.charts.scales import Scale, count_scale, scale_of, tick_text
from workflows.report.charts.scatter import Dot, Group, parity, scatter
from workflows.report.charts.svg import formula, tag, text
from workflows.report.charts.ternary import ternary
from workflows.report.hull_file import hull_svg

HOSTILE = "<script>\"'&"


def diagram(*elements):
    """Elements, one compound of all in equal parts, and a candidate below the hull."""
    number = len(elements)
    corners = [tuple(float(a == b) for b in range(number)) for a in range(number)]
    equal = (1 / number,) * number
    phases = [Phase(symbol, at, 0.0) for symbol, at in zip(elements, corners, strict=True)]
    compound = Phase("".join(elements), equal, -1.0)
    above = Phase("above", equal, -0.5)
    found = Placed(HOSTILE, "".join(elements), equal, -1.02, -0.02, is_flagged=True)
    return Diagram(elements, (*phases, compound, above), (found,))


def test_the_lower_hull_of_two_elements_runs_over_the_stable_phases_alone():
    fractions = [(1, 0), (0, 1), (0.5, 0.5), (0.25, 0.75), (0.75, 0.25)]
    assert facets(fractions, [0, 0, -1.0, -0.1, -0.9]) == [[0, 4], [1, 2], [2, 4]]


def test_elements_without_compounds_span_the_whole_triangle():
    assert facets([(1, 0, 0), (0, 1, 0), (0, 0, 1)], [0, 0, 0]) == [[0, 1, 2]]


def test_a_compound_on_an_edge_of_the_triangle_splits_it_in_two():
    found = facets([(1, 0, 0), (0, 1, 0), (0, 0, 1), (0.5, 0.5, 0)], [0, 0, 0, -1])
    assert found == [[0, 2, 3], [1, 2, 3]]
    assert edges(found) == [(0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]


@pytest.mark.parametrize("elements", [("A", "B"), ("A", "B", "C"), ("A", "B", "C", "D")])
def test_a_compound_inside_touches_every_facet_and_the_higher_one_of_its_formula_none(elements):
    shown = diagram(*elements)
    simplices = shown.simplices()
    assert len(simplices) == len(elements)
    assert {each.name for each in shown.on_hull(simplices)} == {*elements, "".join(elements)}


def test_ticks_are_round_and_written_with_the_decimals_they_need():
    scale = Scale(-0.13, 0.42, 0, 100)
    assert scale.ticks() == [0.0, 0.2, 0.4]
    assert [tick_text(each, 0.2) for each in (-0.2, 0.0, 0.4)] == ["\N{MINUS SIGN}0.2", "0", "0.4"]
    assert tick_text(1000.0, 500.0) == "1000"


def test_a_scale_of_one_value_or_of_none_still_has_room():
    for values in ([], [3.0], [0.0, 0.0]):
        scale = scale_of(values, 0, 100)
        assert scale.high > scale.low
        assert all(0 < scale(each) < 100 for each in values)


@pytest.mark.parametrize("largest", [0, 1, 3, 11, 4321])
def test_counts_begin_at_zero_and_have_whole_ticks(largest):
    scale = count_scale(largest, 100, 0)
    assert scale.low == 0
    assert scale.high >= largest
    assert len(scale.ticks()) > 1
    assert all(each == int(each) for each in scale.ticks())


def test_names_never_cover_each_other_and_the_first_ones_come_first():
    crowded = [Label((50.0, 50.0), f"Name{at}") for at in range(30)]
    drawn = drawn_of(f"<svg>{names(crowded, (200, 100))}</svg>")
    assert drawn[0].text == "Name0"
    assert 1 < len(drawn) < 30
    places = [(float(each.get("x")), float(each.get("y"))) for each in drawn]
    assert len(set(places)) == len(places)


def test_text_in_pictures_is_escaped():
    assert drawn_of(text((0, 0), HOSTILE)).text == HOSTILE
    assert drawn_of(tag("rect", class_=HOSTILE)).get("class") == HOSTILE


def test_formulas_get_small_numbers_unless_they_are_fractions():
    assert formula("Fe2O3") == "Fe\u2082O\u2083"
    assert formula("Fe0.5O") == "Fe0.5O"


def every_picture():
    dots = [Dot(1.0, 2.0, HOSTILE, 1.5, 2.5), Dot(2.0, -1.0)]
    group = Group(dots, "diamond", "flagged")
    return [
        horizontal([Bar(HOSTILE, 3, "50 %"), Bar("none", 0)], HOSTILE, HOSTILE),
        horizontal([], "Empty", ""),
        over_time(Counted([1, 0, 5], 2.0, "Time", "Crystals"), HOSTILE, ""),
        scatter([group, Group([], "disk", "other")], ("x", HOSTILE), HOSTILE, HOSTILE),
        parity(group, ("x", "y"), "Same", ""),
        binary(diagram("A", "B")),
        ternary(diagram("A", "B", "C")),
    ]


def test_every_picture_is_well_formed_has_a_title_and_is_drawn_the_same_twice():
    for one, other in zip(every_picture(), every_picture(), strict=True):
        drawn = drawn_of(one)
        assert drawn.get("role") == "img"
        assert drawn[0].tag.endswith("title")
        assert drawn[0].text
        assert one == other
        assert "nan" not in one


def test_a_candidate_below_the_hull_is_drawn_below_its_line():
    drawn = drawn_of(binary(diagram("A", "B")))
    lines = [each for each in drawn.iter() if "main-tie" in (each.get("class") or "")]
    lowest = max(float(each.get(end)) for each in lines for end in ("y1", "y2"))
    (mark,) = [each for each in drawn.iter() if "near-1" in (each.get("class") or "")]
    heights = [float(pair.split()[1]) for pair in mark.get("d").strip("MZ").split("L")]
    assert sum(heights) / len(heights) > lowest


def test_the_hull_of_four_elements_is_a_scene_with_named_corners():
    scene = quaternary(diagram("A", "B", "C", "D"))
    assert {each.label for each in scene.balls} >= {"A", "B", "C", "D", "ABCD"}
    plain = scene.to_dict()
    assert len(plain["balls"]) == len(scene.balls)
    assert len(plain["sticks"]) == 6 + 10


def beside_others(*elements):
    """A diagram for the sake of a candidate far away, with nearer ones at its place."""
    plain = diagram(*elements)
    (found,) = plain.placed
    others = tuple(found._replace(name=f"o{at}", distance=0.01 * at) for at in range(4))
    return plain._replace(placed=(found._replace(is_meant=True, distance=0.3), *others))


def of_class(picture, wanted):
    return [each for each in drawn_of(picture).iter() if each.get("class") == wanted]


@pytest.mark.parametrize("elements", [("A", "B"), ("A", "B", "C")])
def test_the_candidate_that_is_meant_has_a_ring_and_others_have_none(elements):
    meant = beside_others(*elements)
    assert HOSTILE in meant.description
    assert len(of_class(hull_svg(meant), "mark ring meant")) == 1
    assert not of_class(hull_svg(diagram(*elements)), "mark ring meant")


def test_a_candidate_that_is_meant_is_drawn_however_high_it_lies():
    plain = diagram("A", "B")
    (found,) = plain.placed
    high = plain._replace(placed=(found._replace(is_meant=True, energy=0.4),))
    (ring,) = of_class(hull_svg(high), "mark ring meant")
    assert 0 < float(ring.get("cy")) < 262


def test_candidates_of_one_formula_are_named_once():
    assert len(of_class(hull_svg(beside_others("A", "B", "C")), "name candidate")) == 1


def test_in_a_tetrahedron_only_the_candidate_that_is_meant_is_named():
    meant = quaternary(beside_others("A", "B", "C", "D"))
    assert [each.label for each in meant.balls].count("ABCD") == 1
    usual = beside_others("A", "B", "C", "D")
    usual = usual._replace(placed=tuple(e._replace(is_meant=False) for e in usual.placed))
    assert [each.label for each in quaternary(usual).balls].count("ABCD") == 5


def test_a_picture_that_stands_alone_brings_its_colors_and_its_ground():
    drawn = drawn_of(hull_svg(diagram("A", "B")))
    assert (drawn.get("width"), drawn.get("height")) == ("440", "310")
    style, ground, picture = drawn
    assert "prefers-color-scheme: dark" in style.text
    assert ".mark.phase" in style.text
    assert ground.get("fill") == "var(--paper)"
    assert picture[0].text == "Convex hull of A-B"
