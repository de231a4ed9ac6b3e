"""What goes wrong when candidates are written to a file."""

from facet.errors import FacetError


class ExportError(FacetError):
    """A format or file that cannot be written; the message says how to ask for another."""
