"""The suite: everything that physics asks of a potential, tried on one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from facet.testing import company, limits, slopes, symmetry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from facet.potential import Potential


class BrokenPromiseError(AssertionError):
    """A potential that breaks promises; the message has a line for each.

    Attributes:
        broken: What was found, by the name of the function that found it.
    """

    def __init__(self, broken: Mapping[str, str]) -> None:
        self.broken = dict(broken)
        lines = [f"{name}: {sentence}" for name, sentence in broken.items()]
        super().__init__("\n".join(["The potential breaks its promises.", *lines]))


def assert_is_a_potential(
    potential: Potential,
    *,
    is_rotation_exact: bool = True,
    is_mirror_invariant: bool = True,
    isolated_energies: Mapping[int, float] | None = None,
) -> None:
    """Try every promise, to the end, and report all that are broken together.

    The precision of the potential sets the tolerances: in double precision answers that should be
    the same agree to 1e-8 of their size and derivatives to 1e-5; in single precision the former
    agree to 1e-5. The elements of the test crystals are taken from its species. Promises follow
    from the simple to the involved: the first that is broken tells most.

    Args:
        potential: Tried.
        is_rotation_exact: False for networks on a spherical grid, whose energy may change by 0.1
            meV/atom when a crystal is rotated by any angle.
        is_mirror_invariant: False for potentials that may tell left from right.
        isolated_energies: Energy in eV of one atom alone by atomic number, where it is known.

    Raises:
        BrokenPromiseError: An ``AssertionError`` that names each broken promise with numbers.
    """
    broken: dict[str, str] = {}
    for name, promise in _promises(
        is_rotation_exact=is_rotation_exact,
        is_mirror_invariant=is_mirror_invariant,
        isolated_energies=isolated_energies,
    ):
        try:
            promise(potential)
        except AssertionError as error:
            broken[name] = str(error)
    if broken:
        raise BrokenPromiseError(broken)


def _promises(
    *,
    is_rotation_exact: bool,
    is_mirror_invariant: bool,
    isolated_energies: Mapping[int, float] | None,
) -> Iterator[tuple[str, Callable[[Potential], None]]]:
    """Every promise that applies, by name."""
    mirrors = [symmetry.assert_mirror_images_have_the_same_energy] if is_mirror_invariant else []
    asked: list[Callable[[Potential], None]] = [
        company.assert_a_batch_is_its_crystals_one_by_one,
        company.assert_batch_mates_change_nothing,
        symmetry.assert_moving_all_atoms_changes_nothing,
        symmetry.assert_choice_of_cell_changes_nothing,
        symmetry.assert_order_of_atoms_changes_nothing,
        *mirrors,
        symmetry.assert_octahedral_rotations_are_exact,
        symmetry.assert_random_rotations_are_exact
        if is_rotation_exact
        else symmetry.assert_random_rotations_barely_change_the_energy,
        company.assert_a_doubled_cell_has_twice_the_energy,
        company.assert_distant_parts_add_up,
        slopes.assert_forces_are_slopes_of_the_energy,
        slopes.assert_stress_is_the_slope_of_the_energy,
        slopes.assert_a_large_cell_is_no_exception,
        limits.assert_nothing_jumps_at_the_cutoff,
        limits.assert_edges_beyond_the_cutoff_count_nothing,
        limits.assert_isolated_atoms_have_their_own_energy,
        limits.assert_an_empty_neighbor_list_is_no_exception,
        limits.assert_an_atom_of_its_own_cell_feels_no_force,
        limits.assert_unknown_elements_are_named,
    ]
    for promise in asked:
        yield promise.__name__, promise
    if isolated_energies is not None:
        name = limits.assert_isolated_energies_are.__name__
        yield name, partial(limits.assert_isolated_energies_are, energies=isolated_energies)
