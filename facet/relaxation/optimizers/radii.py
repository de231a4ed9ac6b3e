"""Covalent radii, by which springs know how long a bond is."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

_PICOMETERS = (
    "48 100 112 102 105 99 94 100 99 58 129 136 130 121 127 130 130 106 150 151 "
    "141 131 131 126 125 118 116 116 117 121 127 133 131 136 133 116 154 163 159 149 "
    "140 137 125 131 130 132 128 136 137 139 143 150 155 142 157 161 165 156 159 159 "
    "154 161 155 162 162 160 157 155 151 151 153 148 146 145 129 135 130 136 131 131 "
    "135 141 145 140 150 150 260 221 172 170 158 141 140 150 180 169 150 150 150 150 "
    "150 150 150 150 150 150 150 150 150 150 150 150 150 150 150 150 150 150"
)
"""From hydrogen on; for elements that no crystal of the fit held, covalent radii (Cordero et al.,
Dalton Trans. 2832 (2008)), 150 beyond curium."""


@cache
def covalent_radii(device: torch.device) -> Float[Tensor, " numbers"]:
    """Radii in angstrom by atomic number."""
    picometers = [float(each) for each in _PICOMETERS.split()]
    return torch.tensor([0.0, *picometers], dtype=torch.float64, device=device) / 100
