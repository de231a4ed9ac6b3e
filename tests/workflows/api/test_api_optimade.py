"""OPTIMADE: filters, pages, fields, errors, and what the official models say of the answers."""

from urllib.parse import quote

import pytest

pytest.importorskip("optimade", reason="the web service needs the extra `serve`")

from optimade.models import (
    EntryInfoResponse,
    ErrorResponse,
    InfoResponse,
    LinksResponse,
    StructureResource,
    StructureResponseMany,
    StructureResponseOne,
)
from service_samples import HOSTILE, fill, filled_database, served_samples, serving

from db.candidate_indexes import ELEMENTS_INDEX
from workflows.api.optimade.filters import read_filter, search
from workflows.api.optimade.properties import OWN, described

pytestmark = pytest.mark.integration

EVERYTHING = {"c1/m0", "c1/m1", "c1/m2", "c1/m3", f"c1/{HOSTILE}", "c2/m0", "c2/m1"}
ON_MGO = {"c1/m0", "c1/m1", "c1/m2", "c1/m3", "c2/m1"}


@pytest.fixture(scope="module")
def api(mongo_home):
    with served_samples(mongo_home) as client:
        yield client


@pytest.fixture(scope="module")
def filled(mongo_home):
    with filled_database(mongo_home) as database:
        yield database


def found(api, text, **more):
    answered = api.get("/optimade/v1/structures", params={"filter": text, **more})
    assert answered.status_code == 200, answered.text
    return {each["id"] for each in answered.json()["data"]}


def sentence_of(answered, status):
    assert answered.status_code == status
    ErrorResponse(**answered.json())
    (error,) = answered.json()["errors"]
    assert error["status"] == str(status)
    return error["detail"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('elements HAS "Mg"', ON_MGO),
        ('elements HAS ALL "Sr","Ti","O"', {"c2/m0"}),
        ('elements HAS ANY "Li","Ti"', {f"c1/{HOSTILE}", "c2/m0"}),
        ('elements HAS ONLY "Mg","O","F"', ON_MGO),
        ('NOT elements HAS "O"', {f"c1/{HOSTILE}"}),
        ("elements LENGTH 3", {"c2/m0"}),
        ("nelements>2", {"c2/m0"}),
        ("2 < nelements", {"c2/m0"}),
        ("nsites>=3 AND nelements!=4", {"c2/m0"}),
        ('chemical_formula_reduced="O3SrTi"', {"c2/m0"}),
        ('"O3SrTi" = chemical_formula_reduced', {"c2/m0"}),
        ('NOT chemical_formula_reduced="MgO"', {f"c1/{HOSTILE}", "c2/m0"}),
        ('chemical_formula_reduced>"MgO"', {"c2/m0"}),
        ('chemical_formula_descriptive STARTS WITH "Sr"', {"c2/m0"}),
        ('chemical_formula_anonymous="A3BC"', {"c2/m0"}),
        ('id="c2/m0"', {"c2/m0"}),
        ('type="structures" AND nsites=5', {"c2/m0"}),
        ("nperiodic_dimensions=3", EVERYTHING),
        ("nperiodic_dimensions<3", set()),
        ('structure_features HAS "disorder"', set()),
        ("NOT structure_features LENGTH 1", EVERYTHING),
        ("_facet_energy_above_hull<=0.005", {f"c1/{HOSTILE}", "c1/m0"}),
        ('_facet_verdict="rejected"', {"c1/m3", "c2/m0"}),
        ("_facet_rank IS UNKNOWN", EVERYTHING),
        ("_facet_rank IS KNOWN", set()),
        ('_other_property="x"', set()),
        ('NOT _other_property="x"', set()),
        ('last_modified>"2020-01-01T00:00:00Z"', EVERYTHING),
        ('last_modified<"2020-01-01T00:00:00Z" OR nsites=5', {"c2/m0"}),
        ('NOT (nsites=2 OR elements HAS "Li")', {"c2/m0"}),
        ("nelements=99999999999999999999999", set()),
        ('_facet_material_id CONTAINS "$where"', {f"c1/{HOSTILE}"}),
        ('_facet_material_id CONTAINS ".*"', set()),
        (r'_facet_material_id CONTAINS "\"c\""', {f"c1/{HOSTILE}"}),
    ],
)
def test_a_filter_finds_what_it_asks_for(api, text, expected):
    assert found(api, text) == expected


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("nonsense", 400),
        ("color=2", 400),
        ("_facet_color=2", 400),
        ("nelements=2 nsites=2", 400),
        ("3=3", 400),
        ('last_modified>"yesterday"', 400),
        ("last_modified>3", 400),
        ("(" * 300 + "nelements=2" + ")" * 300, 400),
        (f'id="{"x" * 2000}"', 400),
        ("elements LENGTH -1", 400),
        ("nelements=nsites", 501),
        ('species HAS "x"', 501),
        ('elements.x="y"', 501),
        ("_facet_is_flagged=TRUE", 501),
        ("elements HAS < 3", 501),
        ('elements:elements_ratios HAS "O":0.5', 501),
    ],
)
def test_a_filter_that_cannot_be_answered_is_refused_in_one_sentence(api, text, status):
    refused = api.get("/optimade/v1/structures", params={"filter": text})
    assert sentence_of(refused, status).endswith(".")


def test_pages_lead_through_all_structures_once(api):
    seen, address = [], "/optimade/v1/structures?page_limit=3&response_fields=nsites"
    while address:
        page = api.get(address).json()
        seen += [each["id"] for each in page["data"]]
        assert page["meta"]["more_data_available"] is (page["links"]["next"] is not None)
        address = page["links"]["next"]
    assert sorted(seen) == sorted(EVERYTHING)
    assert len(seen) == len(EVERYTHING)
    assert page["meta"]["data_available"] == page["meta"]["data_returned"] == len(EVERYTHING)


def test_structures_are_sorted_by_what_has_an_index(api):
    asked = {"sort": "-_facet_energy_above_hull", "page_limit": 2, "filter": "nelements=2"}
    page = api.get("/optimade/v1/structures", params=asked).json()
    assert [each["id"] for each in page["data"]] == ["c1/m3", "c1/m2"]
    following = api.get(page["links"]["next"]).json()
    assert [each["id"] for each in following["data"]] == ["c1/m1", "c2/m1"]
    for name, status in (("nsites", 400), ("id,-id", 501)):
        sentence_of(api.get("/optimade/v1/structures", params={"sort": name}), status)


@pytest.mark.filterwarnings("ignore:Accessing the 'model_fields' attribute on the instance")
def test_answers_are_what_the_official_models_expect(api):
    many = api.get("/optimade/v1/structures").json()
    address = quote(f"c1/{HOSTILE}", safe="")
    one = api.get(f"/optimade/v1/structures/{address}").json()
    StructureResponseMany(**many)
    StructureResponseOne(**one)
    for each in (*many["data"], one["data"]):
        StructureResource(**each)
    assert one["data"]["id"] == f"c1/{HOSTILE}"
    assert one["data"]["attributes"]["species_at_sites"] == ["Li", "F"]
    InfoResponse(**api.get("/optimade/v1/info").json())
    EntryInfoResponse(**api.get("/optimade/v1/info/structures").json())
    LinksResponse(**api.get("/optimade/v1/links").json())
    assert many["meta"]["provider"]["prefix"] == "facet"


def test_info_describes_every_attribute_with_its_unit(api):
    (first, *_) = api.get("/optimade/v1/structures").json()["data"]
    properties = api.get("/optimade/v1/info/structures").json()["data"]["properties"]
    assert (
        set(first["attributes"])
        == set(properties) - {"id", "type"}
        == set(described())
        - {
            "id",
            "type",
        }
    )
    assert properties["_facet_energy_above_hull"]["unit"] == "eV"
    assert all(properties[name]["description"].endswith(".") for name in OWN)


def test_only_the_fields_asked_for_are_returned_and_unknown_ones_are_warned_of(api):
    asked = {"response_fields": "nsites,_other_thing,_facet_rank", "_other_query": "x"}
    page = api.get("/optimade/v1/structures", params=asked).json()
    assert set(page["data"][0]["attributes"]) == {"nsites", "_other_thing", "_facet_rank"}
    assert [each["type"] for each in page["meta"]["warnings"]] == ["warning", "warning"]
    for wrong in ("response_fields=colour", "response_fields=_facet_colour", "colour=red"):
        sentence_of(api.get(f"/optimade/v1/structures?{wrong}"), 400)


def test_versions_are_told_and_others_refused(api):
    told = api.get("/optimade/versions")
    assert told.text == "version\n1\n"
    assert "header=present" in told.headers["content-type"]
    for version in ("", "/v1", "/v1.2", "/v1.2.0"):
        assert api.get(f"/optimade{version}/info").status_code == 200
    assert "Only version 1" in sentence_of(api.get("/optimade/v2/info"), 553)
    sentence_of(api.get("/optimade/v1/versions"), 404)
    sentence_of(api.get("/optimade/v1/structures/nothing"), 404)
    sentence_of(api.get("/optimade/v1/structures/c1/broken"), 404)


@pytest.mark.parametrize(
    "path", ["%0A", "%0Ainfo", "v1/no%0Athing", "v1/structures/c1%0A/m0", "v2%0A/"]
)
def test_an_address_with_a_line_break_is_refused_in_the_shape_of_the_standard(api, path):
    sentence_of(api.get(f"/optimade/{path}"), 404)


def test_links_name_the_address_that_others_see(database):
    fill(database)
    with serving(database, public_url="https://crystals.example/facet/") as client:
        page = client.get("/optimade/v1/structures?page_limit=1").json()
        info = client.get("/optimade/v1/info").json()["data"]["attributes"]
    assert page["links"]["next"].startswith(
        "https://crystals.example/facet/optimade/v1/structures?"
    )
    assert info["available_api_versions"][0]["url"].endswith("/facet/optimade/v1")


@pytest.mark.parametrize(
    ("text", "index"),
    [
        (None, "_id_"),
        ('id="c1/m0"', "_id_"),
        ('chemical_formula_reduced="O3SrTi"', "formula_by_hull"),
        ('elements HAS ALL "Sr","Ti"', ELEMENTS_INDEX),
        ('_facet_chemsys="Mg-O"', "chemical_system_by_hull"),
        ('_facet_material_id="m0"', "name"),
    ],
)
def test_a_search_takes_the_index_that_serves_it(filled, text, index):
    asked = read_filter(filled, text)
    assert search(filled, asked.where, (("_id", 1),)).index == index
