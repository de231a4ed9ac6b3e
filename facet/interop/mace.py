"""MACE as a Facet potential, in an environment of its own.

``make mace`` builds that environment: MACE needs an older e3nn than Facet's, and the two do not
share a process with other potentials. ``facet`` itself runs there too, so that one engine drives
both.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager, suppress
from copy import deepcopy
from importlib import import_module
from importlib.metadata import PackageNotFoundError, requires, version
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from packaging.requirements import Requirement

from facet.errors import CheckpointError, UnsupportedElement
from facet.graph.elements import symbol
from facet.interop.mace_models import MACE_MP_0_SMALL
from facet.potential import Prediction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jaxtyping import Float
    from torch import Tensor, nn

    from facet.graph.batch import GraphBatch

ENERGY_SCHEME = "PBE+U uncorrected"
"""Energies that MACE-MP models are trained on."""

PACKAGE = "mace-torch"

UNSAFE_SWITCH = "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"
"""Variable that MACE sets on import; it would switch off torch's safe loading everywhere."""


class MacePotential:
    """Energies, forces and stresses of a MACE model, by its own forward pass.

    MACE's sender is our center, its receiver our neighbor and its unit shift ours, so that the
    graph goes over as it is. Edges at and beyond the cutoff count nothing: MACE's envelope is zero
    there, and its radial network has no bias.

    Args:
        model: A MACE model with a single head, in the precision and on the device it shall run.
        fingerprint: SHA-256 of the file it came from.
        energy_scheme: Functional and corrections of the energies it was trained on.

    Raises:
        CheckpointError: The model has several heads.
    """

    def __init__(self, model: nn.Module, fingerprint: str, energy_scheme: str) -> None:
        heads = getattr(model, "heads", ["Default"])
        if len(heads) > 1:
            raise CheckpointError(
                f"This MACE model has the heads {', '.join(heads)}; use a model with a single head."
            )
        self.model = model.eval().requires_grad_(requires_grad=False)
        self.fingerprint = fingerprint
        self.energy_scheme = energy_scheme
        self.cutoff = float(model.get_buffer("r_max"))
        numbers = model.get_buffer("atomic_numbers")
        self.species: frozenset[int] = frozenset(numbers.tolist())
        self._row = torch.full((128,), -1, device=numbers.device)
        self._row[numbers] = torch.arange(len(numbers), device=numbers.device)

    @property
    def dtype(self) -> torch.dtype:
        """Precision of its arithmetic."""
        weights: Tensor = next(self.model.parameters())
        return weights.dtype

    @property
    def device(self) -> torch.device:
        """Where its tensors live."""
        return self._row.device

    def in_double(self) -> MacePotential:
        """The same weights in double precision."""
        if self.dtype == torch.float64:
            return self
        return MacePotential(deepcopy(self.model).double(), self.fingerprint, self.energy_scheme)

    def __call__(self, batch: GraphBatch) -> Prediction:
        """Evaluate a batch.

        Raises:
            UnsupportedElement: The batch holds an element that the model does not know.
        """
        data = {
            "positions": batch.positions.detach(),  # MACE asks this very tensor for gradients
            "node_attrs": self._one_hot(batch.species),
            "edge_index": batch.edge_index,
            "unit_shifts": batch.edge_shifts,
            "cell": batch.cells.flatten(0, 1),
            "batch": batch.structure_index,
            "ptr": torch.nn.functional.pad(batch.atoms_per_structure.cumsum(0), (1, 0)),
        }
        with torch.enable_grad():
            out = self.model(data, compute_stress=True)
        per_atom = out["node_energy"].detach().double()
        energy = per_atom.new_zeros(batch.num_structures)
        return Prediction(
            energy=energy.index_add(0, batch.structure_index, per_atom),
            forces=out["forces"].detach(),
            stress=out["stress"].detach(),
        )

    def _one_hot(self, species: Tensor) -> Float[Tensor, "atoms elements"]:
        rows = self._row[species]
        if bool((rows < 0).any()):
            strange = sorted(set(species.tolist()) - self.species)
            raise UnsupportedElement(
                f"MACE does not know {', '.join(symbol(number) for number in strange)}; "
                "remove the structures that hold these elements."
            )
        return torch.nn.functional.one_hot(rows, len(self.species)).to(self.dtype)


def load_mace(
    path: str | Path,
    *,
    dtype: torch.dtype = torch.float32,
    device: torch.device | str = "cpu",
    sha256: str = MACE_MP_0_SMALL,
    energy_scheme: str = ENERGY_SCHEME,
) -> MacePotential:
    """Load MACE weights whose checksum is known.

    MACE weights are a pickle of the whole model: loading one runs whatever code its author put
    there. Nothing is unpickled before the checksum has been compared with the expected one, which
    is that of MACE-MP-0 small unless another is given; the refusal shows the file's own.

    Args:
        path: The weights.
        dtype: Precision of its arithmetic.
        device: Where it runs.
        sha256: Expected checksum of the file, in hexadecimal; give it only for a file you trust.
        energy_scheme: Functional and corrections of the energies it was trained on.

    Raises:
        CheckpointError: The file is missing or another one, or MACE is not installed here, or not
            with the e3nn that it needs.
    """
    content = _verified_content(Path(path), sha256)
    _check_e3nn()
    with _environment_kept():
        try:
            import_module("mace.modules.models")
        except ImportError as error:
            raise CheckpointError(
                "MACE cannot be imported here; run `make mace`, then use .venv-mace/bin/python."
            ) from error
        model = torch.load(BytesIO(content), map_location=device, weights_only=False)
    return MacePotential(model.to(device, dtype), sha256, energy_scheme)


def _verified_content(path: Path, sha256: str) -> bytes:
    """Bytes of a file, read once, so that what was verified is what is loaded."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CheckpointError(
            f"The MACE weights {path} cannot be read ({error.strerror}); run `make mace`, or give "
            "their path."
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise CheckpointError(
            f"{path} has SHA-256 {found} where {sha256} was expected, and a MACE file can run any "
            "code when it is loaded; if you trust this one, pass its checksum."
        )
    return content


def _check_e3nn() -> None:
    """Refuse an e3nn that MACE does not ask for: another may load its models and change numbers.

    Raises:
        CheckpointError: One is installed.
    """
    with suppress(PackageNotFoundError):  # what is missing cannot be imported, which says more
        needed = [Requirement(each) for each in requires(PACKAGE) or ()]
        found = version("e3nn")
        for each in needed:
            if each.name == "e3nn" and found not in each.specifier:
                raise CheckpointError(
                    f"MACE needs e3nn{each.specifier}, and e3nn {found} is installed beside it; "
                    "`facet env make mace` mends it."
                )


@contextmanager
def _environment_kept() -> Iterator[None]:
    """Undo what importing MACE does to torch's loading for the rest of the process."""
    before = os.environ.get(UNSAFE_SWITCH)
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(UNSAFE_SWITCH, None)
        else:
            os.environ[UNSAFE_SWITCH] = before
