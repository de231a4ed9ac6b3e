"""The error tree: everything Facet raises on purpose descends from ``FacetError``."""


class FacetError(Exception):
    """Base of every error raised on purpose; its message is one sentence that says what to do."""


class UnsupportedElement(FacetError):  # noqa: N818 (the public name says what was met)
    """A structure holds an element that the potential was never trained on."""


class InvalidStructure(FacetError):  # noqa: N818 (the public name says what was met)
    """A structure that no potential can evaluate: zero volume, coincident atoms, no atoms."""


class CheckpointError(FacetError):
    """A checkpoint that cannot be read, or that another version of the network wrote."""


class ConfigError(FacetError):
    """Settings or a configuration file that contradict themselves or the code."""


class DataError(FacetError):
    """Training or evaluation frames that are missing, unreadable, or not allowed."""


class SelfCheckError(FacetError):
    """A way of computing a potential that does not give the potential's numbers."""
