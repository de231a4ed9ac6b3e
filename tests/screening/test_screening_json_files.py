import bz2
import gzip
import json
import lzma

import pytest

from screening.errors import ScreeningError
from screening.json_files import read_json


@pytest.mark.parametrize(
    ("ending", "opener"),
    [("", open), (".gz", gzip.open), (".xz", lzma.open), (".bz2", bz2.open)],
)
def test_the_last_ending_says_how_to_read(tmp_path, ending, opener):
    path = tmp_path / f"data.json{ending}"
    with opener(path, "wt", encoding="utf-8") as stream:
        json.dump({"é": 1}, stream)
    assert read_json(path) == {"é": 1}


@pytest.mark.parametrize("ending", ["", ".gz", ".xz", ".bz2"])
def test_a_damaged_file_is_told_in_one_sentence(tmp_path, ending):
    path = tmp_path / f"data.json{ending}"
    path.write_bytes(b"\x1f\x8b not what it says")
    with pytest.raises(ScreeningError, match=r"cannot be read as JSON.*check that it is whole"):
        read_json(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ScreeningError, match=r"There is no file .*nowhere"):
        read_json(tmp_path / "nowhere.json")
