import pytest
from pydantic import SecretStr

from db.errors import SettingsError
from db.founding import Member, User, found
from workflows.cli.db_init import NOBODY, Named, run_init

LONG = "x" * 40


def test_a_member_is_written_as_mongodb_writes_it():
    assert Member.from_text("rs0/mongo:27017") == Member("rs0", "mongo:27017")


@pytest.mark.parametrize("text", ["", "rs0", "rs0/mongo", "mongo:27017", "a b/c:1", "rs0/h:1/x"])
def test_what_names_no_member_is_refused_with_an_example(text):
    with pytest.raises(SettingsError, match="for example rs0/mongo:27017"):
        Member.from_text(text)


def test_a_password_that_can_be_guessed_is_refused_unseen():
    with pytest.raises(SettingsError, match="shorter than 32 characters") as caught:
        User("facet", SecretStr("hush"))
    assert "hush" not in str(caught.value)
    assert LONG not in repr(User("facet", SecretStr(LONG)))


@pytest.mark.parametrize("name", ["", "$where", "a b", "1st", "x" * 64])
def test_a_user_name_that_needs_quoting_is_refused(name):
    with pytest.raises(SettingsError, match="cannot be the name of a database user"):
        User(name, SecretStr(LONG))


@pytest.mark.parametrize(
    "uri",
    [
        "mongodb://127.0.0.1/?directConnection=true",
        f"mongodb://root:{LONG}@127.0.0.1/",
        f"mongodb://root:{LONG}@127.0.0.1/?directConnection=true&replicaSet=rs0",
    ],
)
def test_founding_asks_for_an_administrator_and_one_server(uri):
    with pytest.raises(SettingsError, match="must name the administrator") as caught:
        found(SecretStr(uri), Member("rs0", "127.0.0.1:27017"))
    assert LONG not in str(caught.value)


def test_a_private_server_gets_its_indexes_and_is_not_founded(facet_environment, database, capsys):
    assert run_init(member=None, user=NOBODY, as_json=False) == 0
    assert capsys.readouterr().out.startswith(f"Ready: database '{database.name}' of the private")
    assert "campaign_by_rank" in database["candidates"].index_information()
    with pytest.raises(SettingsError, match="founds itself"):
        run_init(member="rs0/h:1", user=NOBODY, as_json=False)


def test_half_a_user_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="needs both"):
        run_init(member=None, user=Named("facet"), as_json=False)
    with pytest.raises(SettingsError, match=r"password-file cannot be used: .*none cannot be read"):
        run_init(member=None, user=Named("facet", tmp_path / "none"), as_json=False)
