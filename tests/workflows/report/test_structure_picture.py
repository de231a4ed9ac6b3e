"""Crystals as pictures: the right atoms, and the same in Python as in the viewer."""

from __future__ import annotations

import re

import numpy as np
import pytest
from ase.data import chemical_symbols, covalent_radii
from ase.data.colors import jmol_colors
from report_samples import drawn_of

from db.documents import pack_geometry
from workflows.report import scene as scenes
from workflows.report import structure_picture as pictures
from workflows.report.scene import Ball, Scene, scene_svg
from workflows.report.structure_picture import (
    element_colors,
    structure_data,
    structure_scene,
    structure_svg,
)
from workflows.report.templates import script


def geometry(numbers, fractions, cell):
    cell = np.array(cell, dtype=float)
    return pack_geometry(numbers, np.array(fractions, dtype=float) @ cell, cell).unpack()


@pytest.fixture
def cesium_chloride():
    return geometry([55, 17], [[0, 0, 0], [0.5, 0.5, 0.5]], np.eye(3) * 4.1)


def test_atoms_on_corners_are_shown_on_all_of_them(cesium_chloride):
    scene = structure_scene(cesium_chloride)
    assert len(scene.balls) == 8 + 1
    corners = {tuple(np.round(each.at, 6)) for each in scene.balls[:8]}
    assert corners == {(4.1 * a, 4.1 * b, 4.1 * c) for a in (0, 1) for b in (0, 1) for c in (0, 1)}


def test_atoms_outside_the_cell_are_shown_inside(cesium_chloride):
    moved = cesium_chloride._replace(
        positions=cesium_chloride.positions + np.array([4.1, -8.2, 4.1])
    )
    ours, theirs = structure_scene(moved), structure_scene(cesium_chloride)
    assert np.allclose([each.at for each in ours.balls], [each.at for each in theirs.balls])


def test_each_neighbor_of_the_middle_has_a_bond_and_the_cell_has_twelve_edges(cesium_chloride):
    sticks = structure_scene(cesium_chloride).sticks
    assert sum(each.width == 0 for each in sticks) == 12
    assert sum(each.width > 0 for each in sticks) == 8


def test_the_picture_has_a_circle_for_each_ball_and_stays_within_its_frame(cesium_chloride):
    drawn = drawn_of(structure_svg(cesium_chloride, "CsCl <&>"))
    assert drawn[0].text == "CsCl <&>"
    circles = [each for each in drawn.iter() if each.tag.endswith("circle")]
    assert len(circles) == 9
    for each in circles:
        x, y, radius = (float(each.get(key)) for key in ("cx", "cy", "r"))
        assert radius <= x <= scenes.WIDTH - radius
        assert radius <= y <= scenes.HEIGHT - radius


def test_what_is_nearer_is_drawn_later():
    near, far = Ball((0.0, -1.0, 0.0), 0.2, "#ff0000"), Ball((0.0, 1.0, 0.0), 0.2, "#0000ff")
    drawn = scene_svg(Scene((near, far), ()), "Two")
    assert drawn.index("#0000ff") < drawn.index("#ff0000")


def test_an_empty_scene_is_an_empty_picture():
    assert len(drawn_of(scene_svg(Scene((), ()), "Nothing"))) == 1


def test_a_crowd_of_atoms_has_no_bonds():
    number = 500
    places = np.random.default_rng(0).random((number, 3)) * 0.9 + 0.05
    crowd = geometry([29] * number, places, np.eye(3) * 12)
    assert all(each.width == 0 for each in structure_scene(crowd).sticks)


def test_the_viewer_is_given_every_atom_once(cesium_chloride):
    data = structure_data(cesium_chloride)
    assert data["species"] == ["Cs", "Cl"]
    assert np.allclose(data["positions"], cesium_chloride.positions)
    assert np.allclose(data["cell"], cesium_chloride.cell)


def test_a_number_that_is_no_element_has_a_color_too():
    strange = geometry([110], [[0, 0, 0]], np.eye(3) * 3)
    assert element_colors(strange) == {chemical_symbols[110]: pictures.UNKNOWN_COLOR}


def constant(name: str) -> str:
    """The text of a table of the viewer."""
    found = re.search(rf"const {name} =\n(.*?);", script("viewer"), re.DOTALL)
    return "".join(re.findall(r'"([^"]*)"', found[1]))


def test_the_viewer_knows_the_same_colors_and_radii():
    symbols = constant("SYMBOLS").split()
    assert symbols == chemical_symbols[1 : len(jmol_colors)]
    colors = re.findall("......", constant("COLORS"))
    assert colors == [pictures.element_color(at + 1)[1:] for at in range(len(symbols))]
    radii = [int(each) / 100 for each in constant("RADII").split()]
    assert radii == [round(float(each), 2) for each in covalent_radii[1 : len(jmol_colors)]]


def test_the_viewer_looks_from_the_same_side_at_balls_of_the_same_size():
    text = script("viewer")
    assert f"[TURN, TILT] = [{scenes.TURN}, {scenes.TILT}]" in text
    lengths = f"[{pictures.ATOM}, {pictures.BOND}, {pictures.LONGEST_BOND}]"
    assert f"[ATOM, BOND, LONGEST] = {lengths}" in text
    assert f"NEAR_EDGE = {pictures.NEAR_EDGE};" in text
    assert f"MOST_BONDED = {pictures.MOST_BONDED};" in text
    assert f"width: {pictures.BOND_WIDTH} " in text
    assert f"({scenes.FILLED} * zoom" in text
