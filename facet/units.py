"""The only place where units and signs change.

Inside Facet everything is eV, angstrom, eV/angstrom and eV/angstrom^3; pressures are read and
shown in GPa. Stress carries ASE's sign: a compressed crystal has negative stress.
"""

EV_PER_CUBIC_ANGSTROM_IN_GPA = 160.21766339999998
"""One eV/A^3 in GPa (CODATA 2018 elementary charge)."""

KILOBAR_IN_A_GPA = 10.0


def gpa_from_ev_per_cubic_angstrom(value: float) -> float:
    """Convert a stress component from eV/A^3 to GPa."""
    return value * EV_PER_CUBIC_ANGSTROM_IN_GPA


def ev_per_cubic_angstrom_from_gpa(value: float) -> float:
    """Convert a pressure from GPa to eV/A^3."""
    return value / EV_PER_CUBIC_ANGSTROM_IN_GPA


def ev_per_cubic_angstrom_from_vasp_kilobar(value: float) -> float:
    """Convert a stress component from kbar in VASP's sign (positive when compressed) to eV/A^3."""
    return -ev_per_cubic_angstrom_from_gpa(value / KILOBAR_IN_A_GPA)


def vasp_kilobar_from_ev_per_cubic_angstrom(value: float) -> float:
    """Convert a stress component from eV/A^3 to kbar in VASP's sign (positive when compressed)."""
    return -gpa_from_ev_per_cubic_angstrom(value) * KILOBAR_IN_A_GPA
