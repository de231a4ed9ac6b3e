"""Campaigns and candidates over HTTP."""

import json
from urllib.parse import quote

import pytest

pytest.importorskip("fastapi", reason="the web service needs the extra `serve`")

from pymatgen.core.structure import Structure
from pymatgen.io.cif import CifParser
from pymatgen.io.vasp.inputs import Poscar
from service_samples import HOSTILE, TOKEN, fill, follow_up, relaxed, served_samples, serving

from db.follow_ups import ask
from db.writes import insert_candidates
from facet.relaxation.trajectory import Trajectory

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def api(mongo_home):
    with served_samples(mongo_home) as client:
        yield client


@pytest.fixture
def own_api(database):
    """As ``api``, over the database of this test, which may change it."""
    fill(database)
    with serving(database) as client:
        yield client


def names(page):
    return [each["material_id"] for each in page["candidates"]]


def sentence_of(response, status):
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    told = response.json()
    assert (told["status"], told["type"]) == (status, "about:blank")
    assert told["detail"].endswith((".", "!"))
    return told["detail"]


def test_campaigns_are_listed_the_last_saved_one_first_and_page_by_page(api):
    first = api.get("/api/campaigns", params={"limit": 1}).json()
    second = api.get("/api/campaigns", params={"limit": 1, "offset": 1}).json()
    assert [each["campaign_id"] for each in first["campaigns"]] == ["c2"]
    assert [each["campaign_id"] for each in second["campaigns"]] == ["c1"]
    assert (first["has_more"], second["has_more"]) == (True, False)


def test_a_campaign_tells_what_was_asked_how_far_it_is_and_what_is_left(own_api, database):
    ask(database, [follow_up()])
    assert own_api.get("/api/campaigns/c1").json()["campaign"]["rule"] == {
        "max_energy_above_hull": 0.05
    }
    assert own_api.get("/api/campaigns/c1/status").json()["rows"] == {
        "screened": 5,
        "rejected_input": 1,
    }
    funnel = own_api.get("/api/campaigns/c1/funnel").json()
    assert (funnel["candidates"], funnel["rejected_input"], funnel["relaxed"]) == (6, 1, 5)
    assert (funnel["converged"], funnel["flagged"]) == (5, 4)
    assert funnel["follow_ups"] == {"approved": 1}
    decisions = own_api.get("/api/campaigns/c1/decisions").json()
    assert [each["material_id"] for each in decisions["follow_ups"]] == ["m1"]


def test_the_table_is_filtered_sorted_and_paged(api):
    asked = {"campaign_id": "c1", "elements_all": "Mg,O", "sort": "energy_above_hull", "limit": 3}
    first = api.get("/api/candidates", params=asked).json()
    assert names(first) == ["m0", "m1", "m2"]
    rest = api.get("/api/candidates", params={**asked, "after": first["next"]}).json()
    assert (names(rest), rest["next"]) == (["m3"], None)
    down = api.get("/api/candidates", params={**asked, "descending": True}).json()
    assert names(down) == ["m3", "m2", "m1"]


def test_a_form_with_fields_left_open_asks_nothing_of_them(api):
    asked = {"campaign_id": "c2", "formula": "", "nelements": "", "elements_any": "", "limit": ""}
    assert names(api.get("/api/candidates", params=asked).json()) == ["m1", "m0", "m2"]


def test_a_formula_is_found_however_its_elements_are_ordered(api):
    assert names(api.get("/api/candidates", params={"formula": "TiO3Sr"}).json()) == ["m0"]


def test_candidates_are_counted(api):
    asked = {"campaign_id": "c1", "is_flagged": True}
    assert api.get("/api/candidates/count", params=asked).json() == {"number": 4, "is_all": True}


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("colour=red", "There is no parameter 'colour'; leave it out or mend its name."),
        ("limit=0", "limit cannot be used: input should be greater than or equal to 1."),
        ("limit=501", "limit may be 500 here; go on with `after` for more."),
        ("elements_all=Mg,water", "elements_all.1 cannot be used: string should match pattern"),
        ("min_energy_above_hull=nan", "should be a finite number"),
        ("min_nsites=5&max_nsites=2", "min_nsites is above max_nsites"),
        ("formula=hello", "it is no chemical formula; write it like SrTiO3."),
    ],
)
def test_a_question_that_makes_no_sense_is_answered_by_one_sentence(api, query, sentence):
    assert sentence in sentence_of(api.get(f"/api/candidates?{query}"), 422)


def test_a_place_in_another_order_and_a_rank_without_a_campaign_are_refused(api):
    token = api.get("/api/candidates?limit=1").json()["next"]
    moved = api.get("/api/candidates", params={"after": token, "descending": True})
    assert "another order" in sentence_of(moved, 400)
    assert "name the campaign" in sentence_of(api.get("/api/candidates?sort=rank"), 400)


@pytest.mark.parametrize("field", ["material_id", "campaign_id", "formula", "verdict", "chemsys"])
def test_text_never_becomes_an_operator(api, field):
    for text in ('{"$ne": null}', "$where", '{"$gt": ""}'):
        answered = api.get("/api/candidates", params={field: text})
        assert answered.status_code == 422 or answered.json()["candidates"] == []
        if answered.status_code == 200:
            nothing = api.get("/api/candidates", params={f"{field}[$ne]": text})
            sentence_of(nothing, 422)


def test_a_candidate_is_told_whole_whatever_its_name(own_api, database):
    ask(database, [follow_up()])
    hostile = own_api.get(f"/api/campaigns/c1/candidates/{quote(HOSTILE, safe='')}").json()
    assert hostile["candidate"]["material_id"] == HOSTILE
    assert hostile["relaxed"]["species"] == ["Li", "F"]
    assert hostile["follow_ups"] == []
    whole = own_api.get("/api/campaigns/c1/candidates/m1").json()
    assert whole["candidate"]["reasons"] == ["It lies near the hull."]
    assert whole["relaxation"]["message"] == "Forces and stress are below their limits."
    assert whole["relaxed"] == {
        "cell": [[0.0, 2.1, 2.1], [2.1, 0.0, 2.1], [2.1, 2.1, 0.0]],
        "species": ["Mg", "O"],
        "positions": [[0.0, 0.0, 0.0], [2.1, 2.1, 2.1]],
    }
    assert [each["status"] for each in whole["follow_ups"]] == ["approved"]


def test_a_candidate_that_could_not_be_read_has_no_crystal(api):
    whole = api.get("/api/campaigns/c1/candidates/broken").json()
    assert (whole["relaxation"], whole["input"], whole["relaxed"]) == (None, None, None)
    refused = api.get("/api/campaigns/c1/structures/broken")
    assert "no such crystal" in sentence_of(refused, 404)


def test_a_crystal_is_given_as_a_file_that_others_read(api):
    address = "/api/campaigns/c2/structures/m0"
    cif = api.get(address)
    assert cif.headers["content-disposition"] == 'attachment; filename="m0.cif"'
    poscar = api.get(address, params={"format": "poscar", "which": "input"})
    document = api.get(address, params={"format": "json"})
    read = [
        CifParser.from_str(cif.text).parse_structures(primitive=False)[0],
        Poscar.from_str(poscar.text).structure,
        Structure.from_dict(json.loads(document.text)),
    ]
    assert [each.composition.reduced_formula for each in read] == ["SrTiO3"] * 3


def test_the_curve_of_a_relaxation_is_told_where_it_was_kept(own_api, database):
    assert "was not kept" in sentence_of(own_api.get("/api/campaigns/c1/curves/m1"), 404)
    import numpy as np

    way = Trajectory(
        np.array([12, 8]),
        np.array([[-11.0, 0.5, float("nan"), 18.0], [-12.0, 0.01, 0.02, 18.5]]),
        np.array([1]),
        np.zeros((1, 2, 3)),
        np.zeros((1, 3, 3)),
    )
    blob = {"content": way.to_bytes(), "key": None, "num_bytes": len(way.to_bytes())}
    database["relaxations"].update_one({"_id": "r-MgO"}, {"$set": {"trajectory": blob}})
    told = own_api.get("/api/campaigns/c1/curves/m1").json()
    assert told["energy"] == [-11.0, -12.0]
    assert told["smax"] == [None, 0.02]


def test_what_is_not_there_is_said_so(api):
    assert "no campaign 'c9'" in sentence_of(api.get("/api/campaigns/c9"), 404)
    for address in ("/api/campaigns/c1/candidates/nobody", "/api/campaigns/c9/candidates/m1"):
        assert "no such candidate" in sentence_of(api.get(address), 404)
    assert "/openapi.json" in sentence_of(api.get("/api/nothing"), 404)
    refused = api.delete("/api/campaigns/c1/decisions")
    sentence_of(refused, 405)
    assert refused.headers["allow"] == "GET, POST"


def test_a_name_with_a_slash_is_not_taken_for_that_of_another_campaign(own_api, database):
    insert_candidates(database, [relaxed("c1", "x/m0", "MgO", 0.2)])
    assert own_api.get("/api/campaigns/c1/candidates/x/m0").status_code == 200
    sentence_of(own_api.get("/api/campaigns/c1%2Fx/candidates/m0"), 404)


def test_the_token_is_in_no_answer(database):
    fill(database)
    with serving(database, token=TOKEN) as client:
        for address in ("/openapi.json", "/metrics", "/api/campaigns", "/optimade/v1/info"):
            assert TOKEN not in client.get(address).text
