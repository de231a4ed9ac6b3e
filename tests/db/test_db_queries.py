from itertools import product

import pytest
from db_samples import FINGERPRINT, campaign, candidate, relaxation, structure
from pydantic import ValidationError

from db.documents import CandidateOutcome, RelaxationDoc
from db.errors import DbError, MissingDocumentError
from db.filters import CandidateFilter, CandidateSort
from db.find import BoundedCount, Find
from db.indexes import ensure_indexes
from db.paging import token_after
from db.queries import (
    campaigns_find,
    candidates,
    count_candidates,
    count_up_to,
    counts_by,
    documents_by_id,
    fingerprints_like,
    latest_campaign,
    pending_find,
    pending_structures,
    planned_finds,
    relaxations_find,
    relaxations_of,
    relaxed_candidates,
    relaxed_find,
)
from db.writes import (
    insert_candidates,
    insert_structures,
    save_campaign,
    update_candidates,
    write_relaxations,
)

pytestmark = pytest.mark.integration

OXIDES = [("MgO", ("Mg", "O")), ("Fe2O3", ("Fe", "O")), ("LiFeO2", ("Fe", "Li", "O"))]
POTENTIALS = ("a" * 64, "ab" * 32)
SORTS = (
    "energy_above_hull",
    "material_id",
    "formation_energy_per_atom",
    "energy_per_atom",
    "nsites",
    "formula",
)


@pytest.fixture
def crowd(database):
    """90 candidates of two campaigns; every third has no distance, every tenth a rank."""
    ensure_indexes(database)
    documents = []
    for i in range(90):
        formula, elements = OXIDES[i % 3]
        documents.append(
            candidate(
                f"m{i:02d}",
                campaign_id="c1" if i < 60 else "c2",
                formula_pretty=formula,
                chemsys="-".join(elements),
                elements=elements,
                nelements=len(elements),
                status="pending" if i % 3 == 0 else "screened",
                stop_reason=None if i % 3 == 0 else "converged",
                energy_above_hull=None if i % 3 == 0 else (i * 7 % 10) / 100,
                is_flagged=i % 10 == 1,
                rank=i // 10 + 1 if i % 10 == 1 else None,
                structure_id=f"s{i // 2}",
                nsites=2 + i % 4,
                space_group_number=None if i % 3 == 0 else 225 - i % 2,
                potential_fingerprint=None if i % 3 == 0 else POTENTIALS[i % 2],
                verdict=None if i % 3 == 0 else "flagged" if i % 10 == 1 else "rejected",
                energy_per_atom=None if i % 3 == 0 else -(i % 7) / 10,
                formation_energy_per_atom=None if i % 4 == 0 else -(i % 5) / 10,
            )
        )
    insert_candidates(database, documents)
    return documents


def names(found):
    return [each.material_id for each in found]


def in_order(documents, sort):
    """The promise in plain Python: by value, ties by id, those without a value last."""

    def value(each):
        return getattr(each, sort.stored_field)

    ordered = sorted(
        (each for each in documents if value(each) is not None),
        key=lambda each: (value(each), each.document_id),
        reverse=sort.is_descending,
    )
    rest = [each for each in documents if value(each) is None]
    return ordered + sorted(rest, key=lambda each: each.document_id, reverse=sort.is_descending)


@pytest.mark.parametrize("field", SORTS)
@pytest.mark.parametrize("is_descending", [False, True])
def test_candidates_come_in_order_and_those_without_a_value_last(
    database, crowd, field, is_descending
):
    sort = CandidateSort(field=field, is_descending=is_descending)
    mine = [each for each in crowd if each.campaign_id == "c1"]
    found = list(candidates(database, CandidateFilter(campaign_id="c1"), sort))
    assert found == in_order(mine, sort)
    assert list(candidates(database, sort=sort)) == in_order(crowd, sort)


@pytest.mark.parametrize("field", [*SORTS, "rank"])
@pytest.mark.parametrize("is_descending", [False, True])
def test_pages_that_go_on_from_a_place_are_the_whole_list(database, crowd, field, is_descending):
    sort = CandidateSort(field=field, is_descending=is_descending)
    for where in (
        CandidateFilter(campaign_id="c1"),
        CandidateFilter(campaign_id="c1", elements_any=("Fe", "Mg"), max_nsites=4),
        CandidateFilter(campaign_id="c1", formula="MgO"),
    ):
        whole = list(candidates(database, where, sort))
        pages, after = [], None
        while page := list(candidates(database, where, sort, 7, after=after)):
            pages += page
            after = token_after(page[-1], sort)
        assert pages == whole
        assert len(whole) > 7


def test_a_database_without_indexes_answers_all_the_same(database):
    insert_candidates(database, [candidate("m1"), candidate("m2")])
    where = CandidateFilter(campaign_id="c1", chemsys="Mg-O")
    assert names(candidates(database, where, CandidateSort(field="nsites"))) == ["m1", "m2"]
    assert count_candidates(database, where) == 2


def test_pages_put_together_are_the_whole_list(database, crowd):
    where = CandidateFilter(campaign_id="c1")
    whole = list(candidates(database, where))
    assert len(whole) == 60
    for size in (7, 20, 40, 60):
        pages = [candidates(database, where, limit=size, skip=skip) for skip in range(0, 80, size)]
        assert [each for page in pages for each in page] == whole, size
    assert list(candidates(database, where, limit=0)) == []


def test_the_short_list_comes_by_rank(database, crowd):
    where = CandidateFilter(campaign_id="c1", is_flagged=True)
    found = list(candidates(database, where, CandidateSort(field="rank")))
    assert [each.rank for each in found] == [1, 2, 3, 4, 5, 6]


def test_ranks_of_different_campaigns_are_not_compared(database):
    with pytest.raises(DbError, match="name the campaign"):
        list(candidates(database, sort=CandidateSort(field="rank")))


FILTERS = {
    "chemsys": (CandidateFilter(chemsys="O-Li-Fe"), lambda c: c.chemsys == "Fe-Li-O"),
    "formula": (CandidateFilter(formula="MgO"), lambda c: c.formula_pretty == "MgO"),
    "all": (CandidateFilter(elements_all=("Fe", "O")), lambda c: {"Fe", "O"} <= set(c.elements)),
    "any": (CandidateFilter(elements_any=("Li", "Mg")), lambda c: {"Li", "Mg"} & set(c.elements)),
    "none": (CandidateFilter(elements_none=("Li",)), lambda c: "Li" not in c.elements),
    "elements": (
        CandidateFilter(elements_all=("O",), elements_any=("Fe", "Mg"), elements_none=("Li",)),
        lambda c: c.formula_pretty in ("MgO", "Fe2O3"),
    ),
    "hull": (
        CandidateFilter(max_energy_above_hull=0.03),
        lambda c: c.energy_above_hull is not None and c.energy_above_hull <= 0.03,
    ),
    "end": (CandidateFilter(stop_reason="converged"), lambda c: c.stop_reason == "converged"),
    "flag": (CandidateFilter(is_flagged=True), lambda c: c.is_flagged),
    "status": (CandidateFilter(status="pending"), lambda c: c.status == "pending"),
    "role": (CandidateFilter(role="reference"), lambda c: c.role == "reference"),
    "name": (CandidateFilter(material_id="m07"), lambda c: c.material_id == "m07"),
    "three": (
        CandidateFilter(elements_all=("O", "Li", "Fe")),
        lambda c: {"Fe", "O", "Li"} <= set(c.elements),
    ),
    "size": (CandidateFilter(min_nsites=3, max_nsites=4), lambda c: 3 <= c.nsites <= 4),
    "kinds": (CandidateFilter(nelements=3), lambda c: c.nelements == 3),
    "group": (CandidateFilter(space_group_number=224), lambda c: c.space_group_number == 224),
    "potential": (
        CandidateFilter(potential_fingerprint=POTENTIALS[1]),
        lambda c: c.potential_fingerprint == POTENTIALS[1],
    ),
    "verdict": (CandidateFilter(verdict="rejected"), lambda c: c.verdict == "rejected"),
    "window": (
        CandidateFilter(min_energy_above_hull=0.02, max_energy_above_hull=0.05),
        lambda c: c.energy_above_hull is not None and 0.02 <= c.energy_above_hull <= 0.05,
    ),
    "not flagged": (CandidateFilter(is_flagged=False), lambda c: c.is_flagged is False),
    "nothing": (CandidateFilter(), lambda c: True),
}


def test_every_filter_finds_exactly_what_it_says(database, crowd):
    for name, (where, meets) in FILTERS.items():
        expected = [each for each in crowd if meets(each)]
        assert sorted(names(candidates(database, where))) == sorted(names(expected)), name
        assert count_candidates(database, where) == len(expected), name
        scoped = where.model_copy(update={"campaign_id": "c2"})
        inside = [each for each in expected if each.campaign_id == "c2"]
        assert sorted(names(candidates(database, scoped))) == sorted(names(inside)), name
        assert count_candidates(database, scoped) == len(inside), name


def test_all_of_many_elements_are_found_and_none_who_has_most_of_them(database):
    ensure_indexes(database)
    alloys = ["Al-Co-Cr-Fe-Ni", "Al-Co-Cr-Fe", "Co-Cr-Fe-Mn-Ni", "Al-Co", "Fe"]
    insert_candidates(
        database, (candidate(each, elements=tuple(each.split("-"))) for each in alloys)
    )
    for asked in ("Fe", "Co-Fe", "Co-Cr-Fe", "Al-Co-Cr-Fe", "Al-Co-Cr-Fe-Ni", "Al-Mn-Ni"):
        wanted = set(asked.split("-"))
        where = CandidateFilter(elements_all=tuple(wanted))
        expected = [each for each in alloys if wanted <= set(each.split("-"))]
        assert sorted(names(candidates(database, where))) == sorted(expected), asked
        assert count_candidates(database, where) == len(expected), asked


def test_counting_stops_where_it_is_told_to(database, crowd):
    where = CandidateFilter(campaign_id="c1")
    assert count_up_to(database, where, 10) == BoundedCount(10, is_all=False)
    assert count_up_to(database, where, 60) == BoundedCount(60, is_all=True)
    assert count_up_to(database) == BoundedCount(90, is_all=True)


def test_fingerprints_are_found_by_their_beginning(database, crowd):
    assert fingerprints_like(database, "aaaa") == [POTENTIALS[0]]
    assert fingerprints_like(database, "a") == sorted(POTENTIALS)
    assert fingerprints_like(database, "b") == []


def test_limits_that_leave_nothing_are_refused():
    with pytest.raises(ValidationError, match="min_nsites is above max_nsites"):
        CandidateFilter(min_nsites=3, max_nsites=2)


@pytest.mark.parametrize("field", ["campaign_id", "material_id", "formula", "chemsys"])
def test_an_operator_is_refused_where_text_is_asked_for(field):
    with pytest.raises(ValidationError):
        CandidateFilter(**{field: {"$ne": None}})
    with pytest.raises(ValidationError):
        CandidateFilter.model_validate_json(f'{{"{field}": {{"$ne": null}}}}')


def test_text_that_looks_like_an_operator_finds_nothing(database, crowd):
    texts = ('{"$ne": null}', "$where", "/.*/", "m07' || '1")
    for field, text in product(("campaign_id", "material_id", "formula", "chemsys"), texts):
        assert list(candidates(database, CandidateFilter(**{field: text}))) == [], (field, text)


def test_an_operator_in_place_of_a_campaign_finds_nothing(database, crowd):
    with pytest.raises(ValidationError):
        list(pending_structures(database, {"$ne": None}))
    write_relaxations(database, [relaxation()])
    assert list(relaxations_of(database, ["s1"], {"$ne": None})) == []


@pytest.mark.parametrize("symbol", ["$ne", "fe", "Fe2", "", {"$gt": ""}])
def test_only_element_symbols_are_elements(symbol):
    with pytest.raises(ValidationError):
        CandidateFilter(elements_all=(symbol,))


def test_counts_are_by_value(database, crowd):
    where = CandidateFilter(campaign_id="c1")
    assert counts_by(database, "status", where) == {"screened": 40, "pending": 20}
    assert counts_by(database, "stop_reason", where) == {"converged": 40, None: 20}


def test_each_crystal_that_is_waited_for_comes_once(database, crowd):
    insert_structures(database, [structure(f"s{i}") for i in range(45)])
    waiting = {each.structure_id for each in crowd[:60] if each.status == "pending"}
    found = [each.structure_id for each in pending_structures(database, "c1")]
    assert sorted(found) == sorted(waiting)
    assert list(pending_structures(database, "no such campaign")) == []


def test_a_crystal_that_is_not_stored_is_missed_aloud(database, crowd):
    with pytest.raises(MissingDocumentError, match="structures holds no document 's0'"):
        list(pending_structures(database, "c1"))


def test_candidates_come_with_their_relaxations(database, crowd):
    write_relaxations(database, [relaxation("r1"), relaxation("r2", stop_reason="max_steps")])
    pairs = {"m02": "r1", "m01": "r2", "m03": "r1"}
    outcomes = [(f"c1/{m}", CandidateOutcome(relaxation_id=r)) for m, r in pairs.items()]
    update_candidates(database, outcomes)
    found = [(c.material_id, r.relaxation_id) for c, r in relaxed_candidates(database, "c1")]
    assert found == sorted(pairs.items())


def test_relaxations_of_a_crystal_are_found_by_potential(database):
    other = relaxation("r2", potential_fingerprint="e" * 64)
    write_relaxations(database, [relaxation("r1"), other, relaxation("r3", structure_id="s2")])
    both = relaxations_of(database, ["s1"])
    assert {each.relaxation_id for each in both} == {"r1", "r2"}
    assert [r.relaxation_id for r in relaxations_of(database, ["s1"], FINGERPRINT)] == ["r1"]


def test_documents_come_in_the_order_of_their_keys(database):
    write_relaxations(database, [relaxation(f"r{i}") for i in range(600)])
    keys = [f"r{i}" for i in reversed(range(600))]
    found = documents_by_id(database, RelaxationDoc, keys)
    assert [each.relaxation_id for each in found] == keys


def test_the_latest_campaign_is_the_one_that_was_saved_last(database):
    assert latest_campaign(database) is None
    for name in ("c1", "c2", "c1"):
        save_campaign(database, campaign(name))
    latest = latest_campaign(database)
    assert latest is not None
    assert latest.campaign_id == "c1"


def stages(plan):
    """Names of all stages of a plan, outermost first."""
    inner = [plan[key] for key in ("inputStage",) if key in plan] + plan.get("inputStages", [])
    return [plan["stage"], *(name for each in inner for name in stages(each))]


def declared_finds(database):
    sorts = [CandidateSort(), CandidateSort(is_descending=True), CandidateSort(field="material_id")]
    for (name, (where, _)), sort, scope in product(FILTERS.items(), sorts, ("c1", None)):
        label = f"{name}-{sort.field}-{'down' if sort.is_descending else 'up'}-{scope}"
        for find in planned_finds(database, where.model_copy(update={"campaign_id": scope}), sort):
            yield label, find
    ranked = planned_finds(database, CandidateFilter(campaign_id="c1"), CandidateSort(field="rank"))
    for find in ranked:
        yield "rank", find
    yield "pending", pending_find("c1")
    yield "relaxed", relaxed_find("c1")
    yield "relaxations", relaxations_find(["s1", "s2"], FINGERPRINT)
    yield "relaxations by any", relaxations_find(["s1", "s2"], None)
    yield "campaigns", campaigns_find()


def test_every_declared_query_uses_an_index(database, crowd):
    write_relaxations(database, [relaxation(f"r{i}", structure_id=f"s{i}") for i in range(30)])
    save_campaign(database, campaign())
    for label, find in declared_finds(database):
        used = stages(find.plan(database))
        assert "IXSCAN" in used, (label, used)
        assert "COLLSCAN" not in used, (label, used)


def test_a_page_of_a_campaign_by_distance_is_never_sorted_in_memory(database, crowd):
    for name in ("chemsys", "formula", "end", "status", "hull", "nothing"):
        where = FILTERS[name][0].model_copy(update={"campaign_id": "c1"})
        for find in planned_finds(database, where, CandidateSort()):
            assert "SORT" not in stages(find.plan(database)), name


def test_a_query_without_an_index_is_told_apart(database, crowd):
    assert "COLLSCAN" in stages(Find("candidates", {"num_steps": 3}).plan(database))
