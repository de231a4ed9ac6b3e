"""``facet doctor``."""

from __future__ import annotations

import sys
from dataclasses import asdict

from workflows.cli.exits import MISTAKE
from workflows.cli.tables import print_json
from workflows.doctor import Finding, Health, examine


def run_doctor(*, as_json: bool) -> int:
    """Examine the installation, print a line for each finding, and return the exit code.

    Args:
        as_json: Print one JSON document at the end instead.

    Returns:
        1 if something is broken; warnings are no failure.
    """
    findings = []
    for finding in examine():
        findings.append(finding)
        if not as_json:
            _print(finding)
    is_broken = any(each.health is Health.BROKEN for each in findings)
    if as_json:
        print_json({"is_sound": not is_broken, "findings": [asdict(each) for each in findings]})
    return MISTAKE if is_broken else 0


def _print(finding: Finding) -> None:
    """Write a finding and, below it, its mend."""
    sys.stdout.write(f"{finding.health:8} {finding.topic:11} {finding.text}\n")
    if finding.mend:
        sys.stdout.write(f"{'':20} mend: {finding.mend}\n")
    sys.stdout.flush()
