"""Which relaxed crystals deserve a DFT calculation, and why: chemistry and arithmetic only.

Import from the submodules: ``screening.entries`` and ``screening.corrections`` make energies
comparable, ``screening.references`` and ``screening.hull`` measure stability, and
``screening.verdict`` says which crystals to pursue.
"""
