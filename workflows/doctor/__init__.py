"""Looking for what is wrong with an installation, and saying how to mend it."""

from workflows.doctor.examination import examine
from workflows.doctor.finding import Finding, Health

__all__ = ["Finding", "Health", "examine"]
