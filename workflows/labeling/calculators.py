"""From the name of a calculator to what labels crystals."""

from __future__ import annotations

import hashlib
import inspect
import json
import re
from dataclasses import dataclass
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

from facet.checkpoint import load, resolve
from facet.errors import CheckpointError, ConfigError
from facet.potential import Potential
from workflows.labeling.labelers import AseLabeler, Labeler, PotentialLabeler

SECRET = re.compile("pass|secret|token|key", re.IGNORECASE)
FILE_FACTS = {"file", "sha256"}


@dataclass(frozen=True)
class CalculatorSpec:
    """What labels, by name, so that every process can make its own.

    Attributes:
        name: A bundled potential, the path of a checkpoint, or an import path as
            ``module:factory`` or ``module.factory``.
        arguments: JSON object of keyword arguments of the factory.
        device: Where a potential runs; empty leaves it to the factory.
    """

    name: str
    arguments: str = "{}"
    device: str = ""


class NamedLabeler:
    """A labeler, and the plain values that tell readers of its shards what it was.

    Attributes:
        labeler: Labels crystals.
        facts: Name, arguments, versions, fingerprints.
    """

    def __init__(self, spec: CalculatorSpec, labeler: Labeler) -> None:
        self.labeler = labeler
        self.facts: dict[str, Any] = {
            "name": Path(spec.name).name if Path(spec.name).is_file() else spec.name,
            "arguments": _shown(_arguments(spec)),
            "packages": _versions(labeler),
            **labeler.facts,
        }

    @property
    def title(self) -> str:
        """One line for the shards: the name, and the fingerprint or version that is meant."""
        if "fingerprint" in self.facts:
            return f"{self.facts['name']} {self.facts['fingerprint'][:12]}"
        packages = (f"{name} {version}" for name, version in self.facts["packages"].items())
        files = (each for each in self.facts["arguments"].values() if isinstance(each, dict))
        weights = (each["sha256"][:12] for each in files if set(each) == FILE_FACTS)
        return " ".join([self.facts["name"], *packages, *weights])


def load_labeler(spec: CalculatorSpec) -> NamedLabeler:
    """Make the labeler that a name stands for.

    Raises:
        ConfigError: There is no such module or name in it, it takes other arguments, or what it
            makes is neither a potential nor a calculator.
        CheckpointError: There is no such checkpoint, or it cannot be read.
    """
    arguments = _arguments(spec)
    target = _imported(spec.name)
    if target is None:
        options: dict[str, Any] = {"device": spec.device} if spec.device else {}
        return NamedLabeler(spec, PotentialLabeler(load(spec.name, **options)))
    made = _made(target, spec, arguments)
    if isinstance(made, Potential):
        return NamedLabeler(spec, PotentialLabeler(made))
    if isinstance(made, Labeler):
        return NamedLabeler(spec, made)
    if hasattr(made, "get_potential_energy") and hasattr(made, "get_stress"):
        return NamedLabeler(spec, AseLabeler(made))
    raise ConfigError(
        f"{spec.name} gives a {type(made).__name__}, which is neither an ASE calculator nor a "
        "potential; name the class or function that makes one."
    )


def _imported(name: str) -> object | None:
    """The object of an import path; None for a bundled potential or a checkpoint."""
    try:
        resolve(name)
    except CheckpointError:
        pass
    else:
        return None
    module, _, attribute = name.rpartition(":" if ":" in name else ".")
    if not module or not attribute.isidentifier() or name.endswith(".safetensors"):
        raise ConfigError(
            f"{name!r} is no bundled potential, no checkpoint and no import path; write "
            "module:factory, for instance ase.calculators.emt:EMT."
        )
    try:
        found: object = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(
            f"{name} cannot be imported ({error}); check the path, and that the package is "
            "installed in this environment."
        ) from error
    return found


def _made(target: object, spec: CalculatorSpec, arguments: dict[str, Any]) -> object:
    if not (inspect.isclass(target) or inspect.isroutine(target)):
        return target
    if spec.device:
        arguments = {"device": spec.device, **arguments}
    try:
        return target(**arguments)
    except Exception as error:  # foreign factories raise anything
        raise ConfigError(
            f"{spec.name} could not be made with the arguments {_shown(arguments)} "
            f"({type(error).__name__}: {error}); correct --arguments or --device."
        ) from error


def _arguments(spec: CalculatorSpec) -> dict[str, Any]:
    try:
        values = json.loads(spec.arguments)
    except ValueError as error:
        raise ConfigError(f"The arguments are no JSON ({error}); write {{'...': ...}}.") from error
    if not isinstance(values, dict):
        raise ConfigError(
            'The arguments must be a JSON object of keyword arguments, such as {"a": 1}.'
        )
    return values


def _shown(arguments: dict[str, Any]) -> dict[str, Any]:
    """Arguments as a manifest shows them: no secrets, and the content of a file for its path."""
    return {key: _shown_value(key, value) for key, value in arguments.items()}


def _shown_value(key: str, value: object) -> object:
    if SECRET.search(key):
        return "(kept out)"
    if isinstance(value, str) and Path(value).is_file():
        digest = hashlib.sha256(Path(value).read_bytes()).hexdigest()
        return {"file": Path(value).name, "sha256": digest}
    return value


def _versions(labeler: Labeler) -> dict[str, str]:
    """Versions of the distribution that the labels come from."""
    source = getattr(labeler, "potential", None) or getattr(labeler, "calculator", labeler)
    package = type(source).__module__.partition(".")[0]
    names = metadata.packages_distributions().get(package, [])
    return {name: metadata.version(name) for name in sorted(set(names))}
