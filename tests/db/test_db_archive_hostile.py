import hashlib
import json
import stat
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZipFile, ZipInfo

import bson
import pytest
from db_samples import candidate, relaxation, structure

from db.archive.importing import import_archive
from db.archive.manifest import MANIFEST, MEMBERS
from db.blobs import FILES
from db.errors import ArchiveError

pytestmark = pytest.mark.integration

DOCUMENTS = ("campaigns", "candidates", "structures", "relaxations", "references", "tasks")


def stream(*raws):
    return b"".join(bson.encode(raw) for raw in raws)


def members(**changes):
    """Members of an archive that is whole, with some of them replaced."""
    good = dict.fromkeys(MEMBERS, b"") | {"structures.bson": stream(structure().to_mongo())}
    return good | {f"{name}.bson": content for name, content in changes.items()}


def count(content):
    num, start = 0, 0
    while start + 4 <= len(content):
        start += max(1, int.from_bytes(content[start : start + 4], "little"))
        num += 1
    return num


def manifest(contents, **changes):
    said = {
        name: {
            "num_documents": count(each),
            "num_bytes": len(each),
            "sha256": hashlib.sha256(each).hexdigest(),
        }
        for name, each in contents.items()
    }
    fields = {
        "format": "facet archive",
        "format_version": 1,
        "facet_version": "0.1.0",
        "created_at": "2026-11-01T00:00:00Z",
        "campaign_ids": [],
        "potential_fingerprints": [],
        "licenses": [],
        "members": said,
    }
    return json.dumps(fields | changes).encode()


def write(path, contents, said=None, extra=(), compression=ZIP_DEFLATED):
    with ZipFile(path, "w", compression) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
        if said is not None:
            archive.writestr(MANIFEST, said)
        for info, content in extra:
            archive.writestr(info, content)


def refused(database, path, match):
    with pytest.raises(ArchiveError, match=match):
        import_archive(database, path)
    assert all(database[name].count_documents({}) == 0 for name in (*DOCUMENTS, FILES))


def test_the_archive_that_the_others_are_made_of_is_fine(database, tmp_path):
    write(tmp_path / "a.zip", members(), manifest(members()))
    import_archive(database, tmp_path / "a.zip")
    assert database["structures"].count_documents({}) == 1


def test_an_archive_that_was_cut_off_changes_nothing(database, tmp_path):
    path = tmp_path / "a.zip"
    write(path, members(), manifest(members()))
    whole = path.read_bytes()
    for length in (0, 10, len(whole) // 2, len(whole) - 5):
        path.write_bytes(whole[:length])
        refused(database, path, "damaged, cut off")


def test_a_flipped_bit_anywhere_is_noticed_or_without_effect(database, tmp_path):
    path = tmp_path / "a.zip"
    contents = members()
    write(path, contents, manifest(contents))
    whole = path.read_bytes()
    for place in range(0, len(whole), 23):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        try:
            import_archive(database, path)
        except ArchiveError:
            assert database["structures"].count_documents({}) == 0
        else:
            assert list(database["structures"].find()) == bson.decode_all(
                contents["structures.bson"]
            )
            database["structures"].delete_many({})


def test_a_member_that_was_exchanged_is_noticed(database, tmp_path):
    said = manifest(members())
    write(tmp_path / "a.zip", members(structures=stream(structure("s7").to_mongo())), said)
    refused(database, tmp_path / "a.zip", r"structures\.bson is not what its manifest says")


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "C:\\x", "more.bson", "a/"])
def test_a_foreign_member_is_refused_whatever_its_path(database, tmp_path, name):
    extra = [(ZipInfo(name), b"x")]
    write(tmp_path / "a.zip", members(), manifest(members()), extra)
    refused(database, tmp_path / "a.zip", "which Facet never writes")


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_a_member_that_is_there_twice_is_refused(database, tmp_path):
    extra = [(ZipInfo("structures.bson"), b"")]
    write(tmp_path / "a.zip", members(), manifest(members()), extra)
    refused(database, tmp_path / "a.zip", r"structures\.bson twice")


def test_a_link_is_refused(database, tmp_path):
    contents = members()
    del contents["tasks.bson"]
    link = ZipInfo("tasks.bson")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    write(tmp_path / "a.zip", contents, manifest(members()), [(link, b"/etc/passwd")])
    refused(database, tmp_path / "a.zip", "a link")


def test_another_compression_is_refused(database, tmp_path):
    write(tmp_path / "a.zip", members(), manifest(members()), compression=ZIP_BZIP2)
    refused(database, tmp_path / "a.zip", "compressed otherwise")


def test_a_decompression_bomb_is_refused_before_it_is_decompressed(database, tmp_path):
    bomb = members(candidates=b"\0" * 200_000_000)
    write(tmp_path / "a.zip", bomb, manifest(members()))
    refused(database, tmp_path / "a.zip", "far more than documents do")


def test_a_manifest_that_promises_less_than_there_is_is_noticed(database, tmp_path):
    more = members(structures=stream(structure().to_mongo(), structure("s2").to_mongo()))
    write(tmp_path / "a.zip", more, manifest(members()))
    refused(database, tmp_path / "a.zip", "not what its manifest says")


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xff\xff\x7f" + b"x" * 50,
        b"\xff\xff\xff\xff" + b"x" * 50,
        b"\x04\0\0\0x",
        b"\x10\0\0\0" + b"\xee" * 12,
        b"abc",
    ],
)
def test_bytes_that_are_no_documents_are_refused(database, tmp_path, content):
    broken = members(candidates=content)
    write(tmp_path / "a.zip", broken, manifest(broken))
    refused(database, tmp_path / "a.zip", r"candidates\.bson (is no stream|holds something)")


def deep(levels):
    raw = {}
    for _ in range(levels):
        raw = {"a": raw}
    return raw


GOOD = relaxation().to_mongo()


@pytest.mark.parametrize(
    "raw",
    [
        {"_id": "x"},
        {"_id": {"$gt": ""}, "schema_version": 2},
        GOOD | {"_id": ["r1"]},
        GOOD | {"schema_version": 99},
        GOOD | {"energy": {"$where": "1"}},
        GOOD | {"settings": {"$where": "1"}},
        GOOD | {"foreign": 1},
        GOOD | {"parked": [{"field": "geometry", "key": "0" * 64, "num_bytes": 1}]},
        GOOD | {"parked": [{"field": "energy"}]},
        GOOD | {"parked": 5},
        GOOD | {"trajectory": {"content": None, "key": "0" * 64, "num_bytes": 1}},
        GOOD | {"trajectory": "text"},
        deep(60),
    ],
)
def test_documents_that_facet_would_not_write_are_refused(database, tmp_path, raw):
    broken = members(relaxations=stream(raw))
    write(tmp_path / "a.zip", broken, manifest(broken))
    refused(database, tmp_path / "a.zip", r"relaxations\.bson holds")


def test_a_candidate_under_another_key_than_its_own_is_refused(database, tmp_path):
    broken = members(candidates=stream(candidate().to_mongo() | {"_id": "c2/m1"}))
    write(tmp_path / "a.zip", broken, manifest(broken))
    refused(database, tmp_path / "a.zip", r"candidates\.bson holds 'c2/m1'")


@pytest.mark.parametrize(
    ("piece", "match"),
    [
        ({"key": "0" * 64, "n": 0, "data": b"x"}, "damaged"),
        ({"key": "0" * 64, "n": 0, "data": "x"}, "something else than blobs"),
        ({"key": "0" * 64}, "something else than blobs"),
    ],
)
def test_blobs_that_are_not_their_keys_are_refused(database, tmp_path, piece, match):
    broken = members(blobs=stream(piece))
    write(tmp_path / "a.zip", broken, manifest(broken))
    refused(database, tmp_path / "a.zip", match)


@pytest.mark.parametrize(
    ("said", "match"),
    [
        (b"{", "cannot be read"),
        (b"[]", "cannot be read"),
        (manifest(members(), format="other"), "cannot be read"),
        (manifest(members(), format_version=2), "a newer Facet"),
        (manifest({}), "does not name its members"),
        (b" " * (17 * 2**20), "larger than a manifest"),
        (None, "holds no manifest"),
    ],
)
def test_a_manifest_that_is_none_is_refused(database, tmp_path, said, match):
    write(tmp_path / "a.zip", members(), said)
    refused(database, tmp_path / "a.zip", match)


def test_a_file_that_is_no_archive_is_refused(database, tmp_path):
    (tmp_path / "a.zip").write_bytes(b"data_MgO\n")
    refused(database, tmp_path / "a.zip", "no archive of campaigns")
    refused(database, tmp_path / "absent.zip", "cannot be read")
    refused(database, tmp_path, "cannot be read")
