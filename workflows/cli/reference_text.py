"""What ``facet reference`` prints for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflows.cli.tables import print_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SHOWN = 20
"""Phases of each kind of change; --json shows all."""


def print_heads(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print what references there are."""
    headings = ["id", "name", "current", "phases", "scheme", "date", "license"]
    table = [
        [
            row["reference_id"][:12],
            row["name"],
            "yes" if row["is_current"] else "",
            "" if row["num_phases"] is None else str(row["num_phases"]),
            row["scheme"],
            row["date"],
            row["license"],
        ]
        for row in rows
    ]
    print_table("references", headings, table)


def print_phases(chemical_system: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Print the phases of a chemical system."""
    headings = ["phase", "formula", "formation eV/atom", "above hull meV/atom"]
    table = [
        [
            row["phase_id"],
            row["formula"],
            round(row["formation_energy_per_atom"], 4),
            round(1000 * row["energy_above_hull"], 1),
        ]
        for row in rows
    ]
    print_table(chemical_system, headings, table)


def change_lines(told: Mapping[str, Any]) -> list[str]:
    """Say in words what an update changes."""
    counts = ", ".join(f"{len(told[kind])} {kind}" for kind in ("added", "removed", "changed"))
    done = "written" if told["is_written"] else "nothing written"
    lines = [f"{told['name']}: {counts} ({done}); {told['after'][:12]} after {told['before'][:12]}"]
    for sign, kind in (("+", "added"), ("-", "removed")):
        lines += _cut([f"{sign} {_phase(each)}" for each in told[kind]])
    lines += _cut([f"~ {_phase(each['before'])} -> {_energy(each)}" for each in told["changed"]])
    moved = told["element_energies"]
    return lines + [f"zero of {symbol}: {energy:.4f} eV/atom" for symbol, energy in moved.items()]


def _phase(row: Mapping[str, Any]) -> str:
    return f"{row['phase_id']} {row['formula']} {row['formation_energy_per_atom']:.4f} eV/atom"


def _energy(change: Mapping[str, Any]) -> str:
    after = change["after"]
    return f"{after['formula']} {after['formation_energy_per_atom']:.4f} eV/atom"


def _cut(lines: list[str]) -> list[str]:
    left = len(lines) - SHOWN
    return [*lines[:SHOWN], f"  and {left} more; --json shows all"] if left > 0 else lines
