"""``facet query`` and ``facet db check`` on a real mongod."""

from __future__ import annotations

import csv
import io
import json

import ase.io
import pytest
from pymatgen.io.cif import CifParser
from workflow_samples import campaign_settings, run_whole

from db.documents import CandidateDoc, Origin
from db.filters import CandidateFilter
from db.queries import candidates
from db.writes import insert_candidates
from workflows.export import Output
from workflows.export.errors import ExportError
from workflows.export.rows import cell

pytestmark = pytest.mark.integration


@pytest.fixture
def campaign(database, tmp_path, facet_environment):
    """A screened campaign of five alloys, one of which no reference covers."""
    return run_whole(database, campaign_settings(tmp_path))


def names(told):
    return [row["material_id"] for row in told.document]


def test_conditions_narrow_what_is_shown(facet, campaign):
    assert set(names(facet("query", "--json", "--all-of", "Au,Cu"))) == {"cu-au", "au-cu-again"}
    assert set(names(facet("query", "--json", "--any-of", "Pd,Ag"))) == {"ag-au", "cu-ag", "cu-pd"}
    assert names(facet("query", "--json", "--none-of", "Au,Ag")) == ["cu-pd"]
    assert names(facet("query", "--json", "--name", "ag-au", "--all-campaigns")) == ["ag-au"]
    assert len(names(facet("query", "--json", "--role", "reference"))) == 3
    assert names(facet("query", "--json", "--verdict", "no_reference")) == ["cu-pd"]
    assert names(facet("query", "--json", "--end", "failed")) == []
    assert len(names(facet("query", "--json", "--elements", "2", "--max-sites", "2"))) == 5


def test_relaxed_candidates_tell_potential_and_space_group(facet, campaign):
    beginning = campaign.potential_fingerprint[:8]
    rows = facet("query", "--json", "--potential", beginning).document
    assert len(rows) == 5
    assert {row["potential_fingerprint"] for row in rows} == {campaign.potential_fingerprint}
    assert {row["space_group_number"] for row in rows} == {221}
    assert len(facet("query", "--json", "--space-group", "221").document) == 5


def test_pages_go_on_from_where_the_page_before_ended(facet, campaign):
    asked = ("query", "--json", "--sort", "material_id", "--descending", "--limit", "2")
    found, more = [], ()
    while True:
        page = facet(*asked, *more)
        found += names(page)
        if "--after" not in page.err:
            break
        more = ("--after", page.err.split()[-1])
    assert found == ["cu-pd", "cu-au", "cu-ag", "au-cu-again", "ag-au"]


def test_a_sheet_holds_all_rows_and_no_formula(facet, campaign, tmp_path):
    out = tmp_path / "deep" / "rows.csv"
    assert facet("query", "--out", out).code == 0
    rows = list(csv.DictReader(io.StringIO(out.read_bytes().decode())))
    assert {row["material_id"] for row in rows} == set(names(facet("query", "--json")))
    printed = facet("query", "--format", "csv").out
    assert list(csv.DictReader(io.StringIO(printed))) == rows
    assert [each.name for each in out.parent.iterdir()] == ["rows.csv"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1"])
def test_text_that_a_spreadsheet_would_run_is_quoted(text):
    assert cell(text) == f"'{text}"
    assert cell([text, "b"]) == f"'{text}; b"
    assert cell(-1.5) == -1.5
    assert cell({"Fe2O3": 0.5, "O2": 0.25}) == "Fe2O3 0.5; O2 0.25"


def test_relaxed_crystals_come_as_extended_xyz(facet, campaign, tmp_path):
    out = tmp_path / "crystals.extxyz"
    assert facet("query", "--out", out, "--sort", "material_id").code == 0
    frames = ase.io.read(out, index=":")
    found = [frame.info["material_id"] for frame in frames]
    assert found == ["ag-au", "au-cu-again", "cu-ag", "cu-au", "cu-pd"]
    (row,) = facet("query", "--json", "--name", "ag-au").document
    assert frames[0].get_potential_energy() == pytest.approx(2 * row["energy_per_atom"])
    assert frames[0].info["energy_above_hull"] == pytest.approx(row["energy_above_hull"])
    assert frames[0].info["space_group_number"] == 221
    assert all(frame.pbc.all() for frame in frames)


def test_relaxed_crystals_come_as_one_cif_of_many_blocks(facet, campaign, tmp_path):
    out = tmp_path / "crystals.cif"
    assert facet("query", "--out", out).code == 0
    parser = CifParser(out, check_cif=False)  # it compares all with the first formula
    blocks = parser.as_dict()
    assert set(blocks) == {"ag-au", "au-cu-again", "cu-ag", "cu-au", "cu-pd"}
    assert blocks["ag-au"]["_facet_stop_reason"] == "converged"
    assert len(parser.parse_structures(primitive=False)) == 5


def test_what_has_no_relaxed_crystal_is_left_out_and_counted(facet, campaign, database, tmp_path):
    waiting = CandidateDoc(
        campaign_id=campaign.campaign_id, material_id="w", origin=Origin(file="f", index=0)
    )
    insert_candidates(database, [waiting])
    told = facet("query", "--out", tmp_path / "some.extxyz")
    assert "1 without a relaxed crystal were left out" in told.err
    assert len(ase.io.read(tmp_path / "some.extxyz", index=":")) == 5


def test_a_name_with_line_ends_stays_on_its_line(database, campaign, tmp_path):
    (stored,) = candidates(
        database, CandidateFilter(campaign_id=campaign.campaign_id, material_id="ag-au")
    )
    odd = stored.model_copy(update={"material_id": "a\ndata_b loop_\n_x 'y\""})
    for form in ("extxyz", "cif"):
        path = tmp_path / f"odd.{form}"
        Output.named(form, path).write(database, [odd, stored])
    assert len(ase.io.read(tmp_path / "odd.extxyz", index=":")) == 2
    assert len(CifParser(tmp_path / "odd.cif").as_dict()) == 2


def test_parquet_holds_numbers_lists_and_maps(facet, campaign, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    out = tmp_path / "rows.parquet"
    assert facet("query", "--out", out).code == 0
    rows = parquet.read_table(out).to_pylist()
    told = facet("query", "--json").document
    assert [row["material_id"] for row in rows] == [row["material_id"] for row in told]
    assert rows[0]["energy_above_hull"] == told[0]["energy_above_hull"]
    assert rows[0]["reasons"] == told[0]["reasons"]
    assert dict(rows[0]["decomposes_to"]) == told[0]["decomposes_to"]


def test_an_empty_answer_is_an_empty_list(facet, campaign):
    assert json.loads(facet("query", "--json", "--chemsys", "Xe").out) == []


def test_what_cannot_be_asked_is_one_sentence(facet, campaign, tmp_path):
    mistakes = {
        ("--sort", "nothing"): "--sort cannot be used",
        ("--all-of", "$ne"): "--all-of cannot be used",
        ("--min-sites", "3", "--max-sites", "2"): "min_nsites is above max_nsites",
        ("--potential", "abc"): "too short",
        ("--potential", "0" * 8): "No candidate was relaxed",
        ("--potential", "0" * 64): "is of another potential",
        ("--after", "xyz"): "start again at the first page",
        ("--all-campaigns", "--sort", "rank"): "name the campaign",
        ("--all-campaigns", "--campaign", campaign.campaign_id): "Give either",
        ("--format", "xml"): "'xml' is no format",
        ("--out", tmp_path / "x.zip"): "'zip' is no format",
        ("--format", "parquet"): "give --out FILE",
        ("--format", "table", "--out", tmp_path / "x"): "A table goes to the terminal",
    }
    for arguments, sentence in mistakes.items():
        told = facet("query", *arguments)
        assert (told.code, told.out) == (1, ""), arguments
        assert sentence in told.err, arguments
        assert len(told.err.strip().splitlines()) == 1


def test_a_file_that_cannot_be_written_leaves_nothing_behind(database, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ExportError, match="cannot be written"):
        Output.named("csv", tmp_path / "file" / "x.csv").write(database, [])


def test_a_failed_export_leaves_the_old_file_as_it_was(database, tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("old")

    def broken():
        yield from ()
        raise ExportError("broken")

    with pytest.raises(ExportError, match="broken"):
        Output.named("csv", path).write(database, broken())
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_database_is_checked_and_a_query_explained(facet, campaign, database):
    good = facet("db", "check")
    assert (good.code, good.out) == (0, "All indexes are as declared.\n")
    told = facet("db", "check", "--explain", "--all-of", "Au,Cu", "--json").document
    assert told["index_faults"] == []
    assert told["explanation"]["is_kept_fast"]
    assert "Nothing to mend" in facet("db", "check", "--explain").out
    database["candidates"].drop_index("campaign_by_hull")
    bad = facet("db", "check", "--explain")
    assert bad.code == 2
    assert "candidates has no index 'campaign_by_hull'" in bad.out
