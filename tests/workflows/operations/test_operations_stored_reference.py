"""A campaign against a reference that the database holds by name."""

from __future__ import annotations

import shutil

import pytest
from workflow_samples import AT_REST, campaign_settings, rocksalt, write_lines, write_table

from facet.errors import ConfigError
from workflows.inputs import InputError
from workflows.operations.queue import stored_campaign
from workflows.settings import CampaignSettings, Named
from workflows.submit import submit

pytestmark = pytest.mark.integration


@pytest.fixture
def salts(tmp_path):
    return write_lines(tmp_path / "salts.jsonl", {"salt": rocksalt("Na", "Cl")})


@pytest.fixture
def named(facet, facet_environment, tmp_path):
    """The id of a reference named ``salts``."""
    built = facet("reference", "build", write_table(tmp_path), "--name", "salts", "--json")
    return built.document["reference_id"]


def test_a_name_an_id_and_the_beginning_of_one_mean_the_same_campaign(
    facet, database, salts, named
):
    keys = set()
    for text in ("salts", named, named[:10]):
        asked = ("submit", salts, "--reference", text, "--fmax", "900", "--smax", "1e6", "--json")
        keys.add(facet(*asked).document["campaign_id"])
    (key,) = keys
    campaign = stored_campaign(database, key)
    assert (campaign.reference_id, campaign.reference_name) == (named, "salts")
    assert campaign.reference_scheme == "MP2020"


def test_a_campaign_is_screened_against_a_named_reference(facet, salts, named):
    asked = ("screen", salts, "--reference", "salts", "--fmax", "900", "--smax", "1e6", "--json")
    told = facet(*asked).document
    assert told["reference"] == "salts"
    assert told["summary"]["reference_id"] == named
    assert told["summary"]["screening"]["headline_hull"] == "dft"


@pytest.mark.parametrize("verb", ["screen", "submit"])
def test_what_is_neither_a_file_nor_a_name_is_said_in_a_sentence(facet, salts, named, verb):
    ended = facet(verb, salts, "--reference", "slats")
    assert ended.code == 1
    assert "'slats' is neither a file or folder nor a stored reference" in ended.err
    assert "`facet reference list`" in ended.err


def test_elements_beside_a_stored_reference_are_refused(database, salts, named, tmp_path):
    asked = campaign_settings(
        tmp_path,
        candidates=(salts,),
        reference=Named("salts"),
        element_energies=tmp_path / "elements.json",
    )
    with pytest.raises(InputError, match="brings its own elements"):
        submit(database, asked)


def test_a_file_goes_before_a_reference_of_the_same_name(
    facet, database, salts, named, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "salts").mkdir()
    shutil.copy(salts, tmp_path / "salts")
    ended = facet("submit", salts, "--reference", "salts", "--json")
    assert ended.code == 0
    campaign = stored_campaign(database, ended.document["campaign_id"])
    assert campaign.reference_id is None  # the folder of crystals, not the stored table


def test_settings_with_a_stored_reference_survive_as_plain_values(salts):
    asked = CampaignSettings(candidates=(salts,), reference=Named("salts"), relax=AT_REST)
    assert CampaignSettings.from_dict(asked.to_dict()) == asked
    with pytest.raises(ConfigError):
        CampaignSettings(candidates=(), reference=Named("salts"))


def test_a_stored_reference_closes_the_loop_of_a_campaign_without_one(facet, salts, named):
    asked = ("submit", salts, "--reference", salts, "--fmax", "900", "--smax", "1e6", "--json")
    key = facet(*asked).document["campaign_id"]
    assert "no_reference" in facet("dft", "update", key, "--json").document
    told = facet("dft", "update", key, "--reference", "salts", "--json").document
    assert told["base_reference_id"] == named
    assert facet("dft", "update", key, "--reference", "slats").code == 1
