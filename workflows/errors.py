"""Errors that workflows raise on purpose; each message is one sentence that says what to do."""

from facet.errors import FacetError


class UnfinishedError(FacetError):
    """Work that stopped before its end; what was done is stored, and the rest can be taken up."""
