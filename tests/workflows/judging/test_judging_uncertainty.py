"""What a campaign's distances are worth, from the members of the potential to the verdict."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from workflow_samples import (
    FLAG_ALL,
    campaign_settings,
    rocksalt,
    rows_of,
    run_whole,
    write_lines,
    write_table,
)

from db.documents import RelaxationDoc
from db.documents.comparison import ComparisonDoc
from db.queries import documents_by_id
from facet.calibration import shipped_calibration
from screening.gates.limits import Gates, Mode, UncertaintyGate
from screening.hull_distances import HullName
from screening.rules import DisagreementRule
from workflows.comparison.disagreement import disagreements_in, store_distances
from workflows.judging.again import flag, preview
from workflows.judging.uncertainty import known_errors, member_offsets_of
from workflows.screen import screen

pytestmark = pytest.mark.integration

LARGEST = 5.0
"""eV/atom; crystals in tests are far from anything that the members agree about."""

ASKS = replace(
    FLAG_ALL,
    name="asks",
    disagreement=DisagreementRule(potentials=1.0),
    gates=Gates(uncertainty=UncertaintyGate(Mode.FAIL, LARGEST)),
)


@pytest.fixture
def campaign(facet_environment, database, tmp_path):
    return run_whole(database, campaign_settings(tmp_path))


def relaxation_of(database, row):
    (found,) = documents_by_id(database, RelaxationDoc, [row.relaxation_id])
    return found


def compared(database, campaign, distances, other="b" * 64):
    """Store a comparison of a campaign, as ``facet compare`` does."""
    peers = [("facet-s", campaign.potential_fingerprint), ("MACE", other)]
    document = ComparisonDoc(
        comparison_id="c0ffee",
        campaign_id=campaign.campaign_id,
        created_at=datetime.now(UTC),
        peers=tuple({"name": name, "label": name, "fingerprint": each} for name, each in peers),
        material_ids=tuple(sorted(distances)),
    )
    database[ComparisonDoc.collection].insert_one(document.to_mongo())
    crystals = [
        {"material_id": name, "energy_above_hull": list(pair)} for name, pair in distances.items()
    ]
    store_distances(database, {"comparison_id": "c0ffee", "pairs": [{"crystals": crystals}]})


def test_on_the_own_hull_the_members_energies_of_the_rivals_enter_the_spread(database, campaign):
    row = rows_of(database, campaign)["cu-ag"]
    phases = rows_of(database, campaign, "reference")
    relaxation = relaxation_of(database, row)
    assert RelaxationDoc.model_validate_json(relaxation.model_dump_json()) == relaxation
    offsets = member_offsets_of(relaxation)
    assert offsets.shape == (32,)
    for each in row.decomposes_to:
        rival = relaxation_of(database, phases[each.material_id])
        offsets = offsets - each.amount * member_offsets_of(rival)
    spread = np.std(offsets, ddof=1)
    fitted = shipped_calibration(campaign.potential_fingerprint).hulls["own"]
    assert row.evidence["spread"] == pytest.approx(spread)
    scale = np.hypot(fitted["stretch"] * spread, fitted["bias"])
    assert row.chances.scale == pytest.approx(scale)
    assert row.chances.is_calibrated
    assert "crystals of known outcome" in row.reasons[-1]


def test_on_a_table_of_dft_the_spread_is_that_of_the_candidate_alone(
    facet_environment, database, tmp_path
):
    path = write_lines(tmp_path / "salts.jsonl", {"salt": rocksalt("Na", "Cl")})
    asked = campaign_settings(tmp_path, candidates=(path,), reference=write_table(tmp_path))
    campaign = run_whole(database, asked)
    row = rows_of(database, campaign)["salt"]
    spread = np.std(member_offsets_of(relaxation_of(database, row)), ddof=1)
    assert row.evidence["spread"] == pytest.approx(spread)
    fitted = shipped_calibration(campaign.potential_fingerprint).hulls["dft"]
    assert row.evidence["uncertainty"]["stretch"] == fitted["stretch"]


def test_relaxations_of_an_older_facet_have_the_assumed_error_and_say_so(database, campaign):
    database[RelaxationDoc.collection].update_many({}, {"$set": {"member_offsets": None}})
    screen(database, campaign.campaign_id)
    row = rows_of(database, campaign)["cu-ag"]
    assert not row.chances.is_calibrated
    assert row.chances.scale == pytest.approx(FLAG_ALL.assumed_error)
    assert row.evidence["spread"] is None
    assert "an older Facet made it" in row.reasons[-1]


def test_phases_without_energies_by_member_are_named(database, campaign):
    phases = rows_of(database, campaign, "reference").values()
    keys = {"_id": {"$in": [each.relaxation_id for each in phases]}}
    database[RelaxationDoc.collection].update_many(keys, {"$set": {"member_offsets": None}})
    screen(database, campaign.campaign_id)
    row = rows_of(database, campaign)["cu-ag"]
    assert not row.chances.is_calibrated
    assert "to which it decomposes, is stored without energies by member" in row.reasons[-1]


def test_what_the_campaign_learned_goes_before_what_ships_and_strangers_get_neither(
    database, campaign
):
    calibration = {"stretch": 0.0, "bias": 0.02, "freedom": 4.0, "offset": 0.01}
    taught = campaign.model_copy(update={"summary": {"dft": {"calibration": calibration}}})
    learned = known_errors(taught, HullName.DFT, [])
    assert learned.calibration.bias == 0.02
    assert learned.source == "DFT calculations of this campaign"
    own = known_errors(taught, HullName.OWN, [])
    assert own.calibration.bias != 0.02
    assert "crystals of known outcome" in own.source
    strange = campaign.model_copy(update={"potential_fingerprint": "b" * 64})
    unknown = known_errors(strange, HullName.DFT, [])
    assert unknown.calibration is None
    assert "No calibration ships for the weights bbbbbbbbbbbb" in unknown.reason
    nowhere = known_errors(campaign, HullName.SELF, [])
    assert "not of 'self'" in nowhere.reason


def test_a_comparison_flips_a_verdict_where_the_rule_asks_and_not_where_it_does_not(
    database, campaign
):
    deaf = replace(ASKS, name="deaf", disagreement=DisagreementRule())
    calm = {"cu-au": (0.1, 0.1), "cu-ag": (0.1, 0.1 + 2 * LARGEST), "ag-au": (0.1, None)}
    compared(database, campaign, calm)
    before = rows_of(database, campaign)
    told = preview(database, campaign.campaign_id, ASKS)
    assert [(each.material_id, each.after) for each in told.changes] == [("cu-ag", "uncertain")]
    assert "MACE disagrees by 10000 meV/atom" in told.changes[0].why
    assert preview(database, campaign.campaign_id, deaf).changes == []
    assert rows_of(database, campaign) == before  # a preview writes nothing

    flag(database, campaign.campaign_id, ASKS)
    row = rows_of(database, campaign)["cu-ag"]
    assert row.verdict == "uncertain"
    assert row.chances.disagreement == pytest.approx(2 * LARGEST)
    assert row.evidence["disagreements"] == [{"other": "MACE", "size": pytest.approx(2 * LARGEST)}]
    flag(database, campaign.campaign_id, deaf)
    assert rows_of(database, campaign)["cu-ag"].verdict == "flagged"


def test_of_several_comparisons_with_one_potential_the_latest_counts(database, campaign):
    compared(database, campaign, {"cu-au": (0.1, 0.3)})
    mine = campaign.potential_fingerprint
    found = disagreements_in(database, campaign.campaign_id, mine)
    assert found["cu-au"][0].size == pytest.approx(0.2)
    crystals = [{"material_id": "cu-au", "energy_above_hull": [0.1, 0.15]}]
    store_distances(database, {"comparison_id": "c0ffee", "pairs": [{"crystals": crystals}]})
    again = disagreements_in(database, campaign.campaign_id, mine)
    assert again["cu-au"][0].size == pytest.approx(0.05)
    assert disagreements_in(database, campaign.campaign_id, "d" * 64) == {}
