"""Names of energy schemes: the functional and the corrections that an energy carries."""

import re

from screening.errors import MixedSchemes

UNCORRECTED = "PBE+U uncorrected"
"""Raw PBE(+U) total energies as MPRelaxSet computes them; what most potentials predict."""

MP2020 = "MP2020"
"""DFT energies with the corrections of ``MaterialsProject2020Compatibility``."""

_OWN = re.compile(r"own\+MP2020:(?P<fingerprint>\S+)")


def own_scheme(fingerprint: str) -> str:
    """Name the scheme of one potential's energies, corrected as DFT energies would be."""
    return f"own+MP2020:{fingerprint}"


def check_reference_scheme(scheme: str) -> None:
    """Refuse a scheme whose energies do not belong on one hull.

    Raises:
        MixedSchemes: The scheme is neither MP2020 nor a potential's own energies with MP2020
            corrections; without corrections GGA and GGA+U energies would share a hull.
    """
    if scheme != MP2020 and _OWN.fullmatch(scheme) is None:
        raise MixedSchemes(
            f"A hull cannot hold energies of scheme '{scheme}', where GGA and GGA+U do not share "
            f"a zero: correct them with MP2020 and name the scheme '{MP2020}' or "
            f"'{own_scheme('<fingerprint>')}'."
        )


def check_candidate_scheme(reference_scheme: str, fingerprint: str) -> None:
    """Refuse corrected candidates of one potential on a hull made of another's energies.

    Raises:
        MixedSchemes: The reference holds the own energies of a different potential.
    """
    own = _OWN.fullmatch(reference_scheme)
    if own is not None and own["fingerprint"] != fingerprint:
        raise MixedSchemes(
            f"The reference holds energies of the potential {own['fingerprint'][:12]}, the "
            f"candidates those of {fingerprint[:12]}: relax the reference phases again with the "
            f"potential of the candidates."
        )
