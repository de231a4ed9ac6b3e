"""Relaxing one structure at a time, in pymatgen's manner."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from facet.checkpoint import load
from facet.errors import ConfigError
from facet.relaxation.relaxer import relax
from facet.relaxation.settings import RelaxSettings

if TYPE_CHECKING:
    from facet.potential import Potential
    from facet.relaxation.result import RelaxResult


class FacetRelaxer:
    """A potential and settings that stay loaded: ``FacetRelaxer().relax(structure).structure``.

    For more than a few structures use ``relax``, which evaluates many of them together.

    Args:
        potential: A bundled name, the path of a checkpoint, or any ``Potential``.
        settings: How to relax.
        **changes: Single settings by name, e.g. ``fmax=0.01``.

    Raises:
        ConfigError: A setting is unknown or makes no sense.
    """

    def __init__(
        self,
        potential: Potential | str = "facet-s",
        settings: RelaxSettings | None = None,
        **changes: Any,  # noqa: ANN401 (checked by the settings)
    ) -> None:
        try:
            self.settings = replace(settings or RelaxSettings(), **changes)
        except TypeError as error:
            raise ConfigError(
                f"{', '.join(changes)}: not all of these are relaxation settings; see "
                "RelaxSettings for their names."
            ) from error
        self.potential = load(potential) if isinstance(potential, str) else potential

    def relax(self, structure: object, name: str = "structure") -> RelaxResult:
        """Relax a pymatgen ``Structure``, an ASE ``Atoms`` or a facet ``Crystal``.

        It does not raise because of the structure: read ``stop_reason`` and ``message``.
        """
        (result,) = relax([(name, structure)], self.potential, self.settings)
        return result
