"""Errors of DFT follow-ups; each message is one sentence that says what to do."""

from facet.errors import FacetError


class FollowUpError(FacetError):
    """A follow-up that cannot be proposed, approved, submitted or read."""
