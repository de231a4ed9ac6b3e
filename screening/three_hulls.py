"""The three hulls that a candidate is measured against: by name, and never mixed.

``dft`` holds reference phases with their DFT energies. ``own`` holds the same phases and elements
relaxed with the weights that relax the candidates and corrected in the same way, so that errors
they share cancel. ``self`` is ``own`` with every converged candidate of the campaign.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from screening.changes import PhaseChange
from screening.errors import MissingReference, MixedSchemes, ScreeningError
from screening.hull import HullDistance, Hulls
from screening.hull_distances import (
    HullCandidate,
    HullDistances,
    HullName,
    NoReference,
    candidate_phase_id,
)
from screening.reference import Reference
from screening.schemes import MP2020, own_scheme

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping


class ThreeHulls:
    """The hulls of one campaign by name, each absent where there is a reason.

    Candidates and changes may arrive in any order and more than once; what is measured afterwards
    is the same.
    """

    def __init__(
        self, fingerprint: str, dft: Reference | NoReference, own: Reference | NoReference
    ) -> None:
        """Set up the hulls of a campaign.

        Args:
            fingerprint: Of the potential that relaxed the candidates.
            dft: Reference phases with DFT energies, or why there are none.
            own: Reference phases with the potential's energies, or why there are none.

        Raises:
            MixedSchemes: A reference is of a scheme that does not belong on its hull.
        """
        _check_scheme(HullName.DFT, dft, MP2020)
        _check_scheme(HullName.OWN, own, own_scheme(fingerprint))
        given = {HullName.DFT: dft, HullName.OWN: own, HullName.SELF: own}
        self._hulls = {
            name: Hulls(each) for name, each in given.items() if isinstance(each, Reference)
        }
        self._absent = {name: each for name, each in given.items() if isinstance(each, NoReference)}
        self._candidates: dict[str, HullCandidate] = {}
        self._unplaced: dict[str, str] = {}

    @property
    def unplaced(self) -> Mapping[str, str]:
        """Converged candidates that have no place on the ``self`` hull, each with the reason."""
        return dict(sorted(self._unplaced.items()))

    def hulls(self, name: HullName) -> Hulls | None:
        """Return one of the hulls, to be looked at; ``apply`` and ``put`` change it."""
        return self._hulls.get(name)

    def versions(self, chemical_system: str) -> dict[HullName, str]:
        """Name what distances in a chemical system depend on, for each hull that is there."""
        return {name: hulls.version_of(chemical_system) for name, hulls in self._hulls.items()}

    def put(self, candidates: Iterable[HullCandidate]) -> frozenset[str]:
        """Put candidates on the ``self`` hull; one that is not converged leaves it.

        Returns:
            The chemical systems measured so far whose candidates must be measured again.
        """
        given = {each.material_id: each for each in candidates}
        self._candidates |= given
        return self._place(given.values())

    def remove(self, material_ids: Iterable[str]) -> frozenset[str]:
        """Take candidates off the ``self`` hull.

        Returns:
            The chemical systems measured so far whose candidates must be measured again.
        """
        gone = sorted(set(material_ids))
        for material_id in gone:
            self._candidates.pop(material_id, None)
            self._unplaced.pop(material_id, None)
        hulls = self._hulls.get(HullName.SELF)
        if hulls is None:
            return frozenset()
        return hulls.apply(PhaseChange(removed=tuple(map(candidate_phase_id, gone))))

    def apply(self, name: HullName, change: PhaseChange) -> dict[HullName, frozenset[str]]:
        """Take up a change of reference phases; what changes ``own`` changes ``self`` too.

        The DFT result of a candidate goes on the ``dft`` hull under its ``candidate_phase_id``, so
        that the candidate is never measured against itself.

        Returns:
            For each hull that the change reaches, the chemical systems measured so far whose
            candidates must be measured again.

        Raises:
            ScreeningError: The hull is ``self``, which follows from the others, or is absent.
        """
        if name is HullName.SELF:
            raise ScreeningError(
                "The self hull follows from own phases and candidates: change the own hull, or "
                "put and remove candidates."
            )
        if name in self._absent:
            raise ScreeningError(f"There is no {name} hull to change: {self._absent[name].reason}")
        affected: dict[HullName, frozenset[str]] = {name: self._hulls[name].apply(change)}
        if name is HullName.OWN:
            systems = self._hulls[HullName.SELF].apply(change)
            # Candidates count from the same zeros as the phases that they lie beside.
            moved = (
                self._place(self._candidates.values()) if change.element_energies else frozenset()
            )
            affected[HullName.SELF] = systems | moved
        return affected

    def measure(self, candidate: HullCandidate, *, without_formula: bool = False) -> HullDistances:
        """Measure a candidate against every hull, with itself and its twins taken off.

        The own and the self hull must hold a phase of every formula that the candidate decomposes
        to on the dft hull, if there is one: without its true competitors it would look too stable.

        Args:
            candidate: It need not be on any hull.
            without_formula: Take every phase of its own reduced formula off as well.
        """
        ids = {candidate_phase_id(each) for each in (candidate.material_id, *candidate.twins)}
        found: dict[HullName, HullDistance | NoReference] = dict(self._absent)
        for name, hulls in self._hulls.items():
            try:
                found[name] = hulls.distance(
                    candidate.composition,
                    candidate.corrected_energy_total,
                    without_formula=without_formula,
                    without=ids,
                )
            except MissingReference as error:
                found[name] = NoReference(str(error), error.elements)
            except ScreeningError as error:
                found[name] = NoReference(str(error))
        return HullDistances({name: self._confirmed(name, found, ids) for name in HullName})

    def _confirmed(
        self,
        name: HullName,
        found: Mapping[HullName, HullDistance | NoReference],
        without: Collection[str],
    ) -> HullDistance | NoReference:
        """Withdraw a distance to a hull that lacks competitors which the dft hull knows."""
        known, place = found[HullName.DFT], found[name]
        if name is HullName.DFT or isinstance(known, NoReference):
            return place  # what the dft hull decomposes to, it holds: bare elements at zero too
        if isinstance(place, NoReference):
            return place
        hulls = self._hulls[name]
        lacking = [
            f"{share.formula} ({phase_id})"
            for phase_id, share in known.decomposes_to.items()
            if not hulls.holds(share.formula, without)
        ]
        if not lacking:
            return place
        return NoReference(
            f"The {name} hull lacks {', '.join(lacking)}, to which it decomposes on the dft hull: "
            f"relax these phases with the potential of the candidates."
        )

    def _place(self, candidates: Iterable[HullCandidate]) -> frozenset[str]:
        """Bring the ``self`` hull in line with these candidates."""
        hulls = self._hulls.get(HullName.SELF)
        if hulls is None:
            return frozenset()
        zeros = hulls.element_energies
        put, removed = [], []
        for each in candidates:
            self._unplaced.pop(each.material_id, None)
            if not each.is_converged:
                removed.append(each.phase_id)
                continue
            try:
                put.append(each.phase(zeros))
            except ScreeningError as error:
                self._unplaced[each.material_id] = str(error)
                removed.append(each.phase_id)
        return hulls.apply(PhaseChange(put=tuple(put), removed=tuple(removed)))


def _check_scheme(name: HullName, given: Reference | NoReference, scheme: str) -> None:
    """Refuse a reference whose energies do not belong on a hull."""
    if isinstance(given, Reference) and given.scheme != scheme:
        raise MixedSchemes(
            f"'{given.name}' is of scheme '{given.scheme}', but the {name} hull holds '{scheme}': "
            f"give a reference of that scheme, or none."
        )
