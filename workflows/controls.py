"""Blind controls: compounds known to exist, hidden among the candidates."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from db.documents import CandidateDoc, candidate_id
from db.queries import documents_by_id, known_ids
from workflows.inputs import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from db.client import MongoDatabase


def read_controls(path: Path) -> dict[str, str]:
    """Read the names of controls with their formulas.

    Args:
        path: JSON list of objects with the ``material_id`` and ``formula`` of each control.

    Raises:
        InputError: The file cannot be read or is no such list.
    """
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return {str(row["material_id"]): str(row["formula"]) for row in rows}
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InputError(
            f"{path} is no list of controls ({error!r}); give JSON like "
            '[{"material_id": "c-17", "formula": "SrTiO3"}].'
        ) from error


def recovered_controls(
    database: MongoDatabase, campaign_id: str, controls: Mapping[str, str]
) -> dict[str, Any]:
    """Count the controls that were flagged, themselves or as a copy of a flagged candidate.

    Controls that are no candidates of the campaign, because fewer were read, are counted apart.

    Args:
        database: Holds the screened campaign.
        campaign_id: The campaign.
        controls: Formula of each control by material_id.
    """
    among = _candidates(database, campaign_id, controls)
    kept = _candidates(
        database,
        campaign_id,
        {str(each.duplicate_of) for each in among.values() if each.duplicate_of},
    )
    flagged = {name for name, each in {**among, **kept}.items() if each.is_flagged}
    found = {name for name, each in among.items() if {name, each.duplicate_of} & flagged}
    return {
        "num_controls": len(among),
        "num_absent": len(controls) - len(among),
        "num_recovered": len(found),
        "recovered": sorted(controls[name] for name in found),
        "missed": sorted(controls[name] for name in among.keys() - found),
    }


def _candidates(
    database: MongoDatabase, campaign_id: str, names: Mapping[str, str] | set[str]
) -> dict[str, CandidateDoc]:
    """Find those of some names that are candidates of a campaign."""
    keys = sorted(known_ids(database, CandidateDoc, (candidate_id(campaign_id, n) for n in names)))
    found = documents_by_id(database, CandidateDoc, keys)
    return {each.material_id: each for each in found if each.role == "candidate"}
