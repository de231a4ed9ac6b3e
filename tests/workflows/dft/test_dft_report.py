"""What DFT found stands in the report of a campaign."""

from __future__ import annotations

import pytest
from dft_samples import RECORDED, give_result

from db.follow_ups import follow_ups_of
from workflows.dft.approval import Calculation, approve
from workflows.dft.loop import update
from workflows.report.contents import contents_of
from workflows.report.render import report_html

pytestmark = pytest.mark.integration


def test_results_stand_beside_predictions_and_recall_without_draws_is_unknown(campaign, database):
    names = [f"pair-{at}" for at in range(4)]
    for each in approve(database, campaign, names, Calculation(RECORDED), "ada")[:3]:
        give_result(database, each)
    update(database, campaign.campaign_id)
    contents = contents_of(database, campaign.campaign_id)
    told = contents.document
    done = {
        request.material_id: request.comparison
        for each in follow_ups_of(database, campaign.campaign_id, ["finished"])
        if (request := each.request_of(campaign.campaign_id))
    }
    assert {each["material_id"]: each["found"] for each in told["accuracy"]["pairs"]} == {
        name: comparison.dft_above_hull for name, comparison in done.items()
    }
    steps = {each["step"]: each["number"] for each in told["funnel"]}
    assert steps["calculated by DFT"] == 3
    assert steps["stable by DFT"] == sum(bool(each.is_stable) for each in done.values())
    assert "atomate2" in told["cite"]["bibtex"]
    assert "Predicted against DFT" in report_html(contents)
    assert "no candidate drawn by lot has a result" in report_html(contents)
