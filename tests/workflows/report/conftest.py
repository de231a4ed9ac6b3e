"""The report of one campaign, gathered once for all tests that only read it."""

from __future__ import annotations

from uuid import uuid4

import pytest
from report_samples import CAMPAIGN, store_campaign, store_rejected

from db.client import open_database
from db.settings import DbSettings
from workflows.report.contents import contents_of


@pytest.fixture(scope="session")
def contents(mongo_home):
    """Six screened candidates and an input that could not be read, all with hostile names."""
    name = f"test_{uuid4().hex}"
    with open_database(DbSettings(mongo_uri=None, home=mongo_home, database=name)) as opened:
        store_campaign(opened)
        store_rejected(opened)
        gathered = contents_of(opened, CAMPAIGN)
        opened.client.drop_database(name)
    return gathered
