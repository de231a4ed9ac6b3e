"""Errors raised on purpose by ``screening``; each message is one sentence that says what to do."""


class ScreeningError(Exception):
    """Base of every error that screening raises on purpose."""


class MissingReference(ScreeningError):  # noqa: N818 (the public name says what is missing)
    """A reference that cannot place a candidate, because it knows too little of an element.

    Attributes:
        elements: Symbols of the elements that the reference lacks.
    """

    def __init__(self, message: str, elements: tuple[str, ...]) -> None:
        super().__init__(message)
        self.elements = elements


class MixedSchemes(ScreeningError):  # noqa: N818 (the public name says what happened)
    """Energies of different functionals or corrections that were about to meet on one hull."""
