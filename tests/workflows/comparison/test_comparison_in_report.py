"""A comparison that is stored stands in the report of its campaign, with the same numbers."""

from __future__ import annotations

import pytest
from workflow_samples import campaign_settings, run_whole

from workflows.comparison.peers import peers_named
from workflows.comparison.request import CompareSettings
from workflows.comparison.run import compare
from workflows.report.contents import contents_of
from workflows.report.render import report_html

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore:Set OLD_ERROR_HANDLING:DeprecationWarning"),  # spglib's
    pytest.mark.usefixtures("facet_environment"),
]


def test_the_report_of_a_campaign_on_its_own_hull_tells_its_comparison(database, tmp_path):
    campaign = run_whole(database, campaign_settings(tmp_path))
    peers = peers_named(["facet-s", "ase:ase.calculators.lj:LennardJones"])
    told = compare(database, CompareSettings(campaign.campaign_id, peers))
    contents = contents_of(database, campaign.campaign_id)
    (found,) = contents.document["comparisons"]
    assert found["fault"] is None
    assert found["pairs"][0]["summary"] == told["pairs"][0]["summary"]
    assert contents.document["counts"]["flagged"] == campaign.counts["flagged"]
    assert contents.document["provenance"]["reference"]["num_phases"] == 3
    drawn = {each.elements for each in contents.diagrams}
    assert drawn == {("Ag", "Au"), ("Ag", "Cu"), ("Au", "Cu")}
    assert "LennardJones (ASE)" in report_html(contents)
