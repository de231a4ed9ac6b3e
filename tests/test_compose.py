"""docker-compose.yml holds together, with itself and with the programs that it runs."""

import ast
import json
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from pymongo.uri_parser import parse_uri
from typer.main import get_command

from db.founding import Member, User
from db.settings import DbSettings, password_in
from workflows.api.settings import ServeSettings
from workflows.cli.main import app

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docker-compose.yml").read_text()
EXAMPLE = dict(
    line.split("=", 1)
    for line in (ROOT / ".env.example").read_text().splitlines()
    if line and not line.startswith("#")
)
INTERPOLATED = re.compile(r"(?<!\$)\$\{(?P<name>\w+)(?::-(?P<default>[^}]*))?\}")
COMPOSE = yaml.safe_load(INTERPOLATED.sub(lambda match: EXAMPLE[match["name"]], TEXT))
SERVICES = COMPOSE["services"]
SECRETS = {name: each["environment"] for name, each in COMPOSE["secrets"].items()}
OURS = [name for name, each in SERVICES.items() if each["image"] == "facet"]
CLIENTS = ["worker", "worker-cpu", "facet"]
READERS = [*CLIENTS, "web"]
WORKERS = ["worker", "worker-cpu"]
WHERE_SECRETS_ARE = Path("/run/secrets")


def oldest_allowed(image):
    name, version = image.split(":")
    assert name == "mongo"
    return tuple(int(part) for part in version.split(".")) >= (8, 0, 17)


def options_of(service):
    """What the command line makes of the command of a service, without running it."""
    command, words = get_command(app), list(SERVICES[service]["command"])
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    return command.make_context(command.name, words).params


def given_to(service, folder, prefix, content):
    """What a service is given in variables of a prefix, with secrets in a folder of the test."""
    given = {}
    for name, value in SERVICES[service]["environment"].items():
        if not name.startswith(prefix) or (prefix == "FACET_" and name.startswith("FACET_SERVE_")):
            continue
        given[name.removeprefix(prefix).lower()] = value
        if Path(value).parent == WHERE_SECRETS_ARE:
            path = folder / Path(value).name
            path.write_text(content.format(path.name))
            given[name.removeprefix(prefix).lower()] = path
    return given


def settings_of(service, folder):
    """The settings that a service would read."""
    return DbSettings(**given_to(service, folder, "FACET_", "{} of this test, @/:% and all"))


def serve_settings_of(folder):
    """The settings that the web service would read."""
    given = given_to("web", folder, "FACET_SERVE_", "{}-of-this-test")
    hosts = {"allowed_hosts": tuple(json.loads(given.pop("allowed_hosts")))}
    return ServeSettings(**given, **hosts, host=options_of("web")["host"])


def test_every_facet_variable_is_one_that_the_settings_read():
    known = {f"FACET_{name.upper()}" for name in DbSettings.model_fields}
    known |= {f"FACET_SERVE_{name.upper()}" for name in ServeSettings.model_fields}
    assert set(re.findall(r"\bFACET_[A-Z_]+", TEXT + "\n".join(EXAMPLE))) <= known
    for service in OURS:
        variables = {name for name in SERVICES[service]["environment"] if "FACET" in name}
        assert "FACET_MONGO_URI" in variables
        assert variables <= known


@pytest.mark.parametrize("service", OURS)
def test_the_settings_accept_what_a_service_is_given(service, tmp_path):
    settings = settings_of(service, tmp_path)
    parsed = parse_uri(settings.mongo_uri.get_secret_value())
    (secret,) = (
        each for each in SERVICES[service]["secrets"] if each == settings.mongo_password_file.name
    )
    assert secret in SECRETS
    assert parsed["password"] == f"{secret} of this test, @/:% and all"
    assert parsed["options"]["authSource"] == "admin"
    assert settings.database == EXAMPLE["FACET_DATABASE"]


@pytest.mark.parametrize("service", OURS)
def test_the_command_of_a_service_is_one_of_the_command_line(service):
    assert options_of(service)


def test_only_the_web_service_publishes_a_port_and_only_to_this_machine():
    for name, service in SERVICES.items():
        assert ("ports" in service) is (name == "web")
        assert service.get("network_mode") in (None, "service:mongo")
    (port,) = SERVICES["web"]["ports"]
    assert port == f"127.0.0.1:{EXAMPLE['WEB_PORT']}:{options_of('web')['port']}"
    assert SERVICES["web"]["networks"] == ["database", "web"]
    assert COMPOSE["networks"]["database"] == {"internal": True}
    assert {tuple(SERVICES[name]["networks"]) for name in ("mongo", *CLIENTS)} == {("database",)}


def test_no_secret_has_a_default_or_is_put_where_inspection_shows_it():
    passwords = {"MONGO_ROOT_PASSWORD", "MONGO_FACET_PASSWORD", "MONGO_READER_PASSWORD"}
    assert set(SECRETS.values()) == {"MONGO_KEYFILE", "SERVE_TOKEN", *passwords}
    assert all(EXAMPLE[name] == "" for name in SECRETS.values())
    interpolated = {match["name"] for match in INTERPOLATED.finditer(TEXT)}
    assert not interpolated & set(SECRETS.values())
    for service in SERVICES.values():
        for value in service.get("environment", {}).values():
            assert urlsplit(value).password is None


def test_each_service_gets_only_the_secrets_that_it_uses():
    assert SERVICES["mongo"]["secrets"] == ["mongo_keyfile"]
    passwords = ["mongo_root_password", "mongo_facet_password", "mongo_reader_password"]
    assert SERVICES["setup"]["secrets"] == passwords
    assert SERVICES["web"]["secrets"] == ["mongo_reader_password", "serve_token"]
    for service in CLIENTS:
        assert SERVICES[service]["secrets"] == ["mongo_facet_password"]


def test_the_example_file_names_every_variable_that_compose_asks_for():
    asked = {match["name"] for match in INTERPOLATED.finditer(TEXT)} | set(SECRETS.values())
    assert asked == set(EXAMPLE)


def test_defaults_are_those_of_the_example_file():
    for match in INTERPOLATED.finditer(TEXT):
        assert match["default"] == EXAMPLE[match["name"]]


def test_mongod_runs_a_supported_version_with_keys_as_a_replica_set():
    mongo = SERVICES["mongo"]
    assert oldest_allowed(mongo["image"])
    command = mongo["command"]
    assert command[command.index("--replSet") + 1] == "rs0"
    key_file = command[command.index("--keyFile") + 1]
    assert key_file in mongo["entrypoint"][2]
    assert "isWritablePrimary" in mongo["healthcheck"]["test"][-1]


def test_setup_founds_what_the_others_connect_to(tmp_path):
    asked = options_of("setup")
    member = Member.from_text(asked["found"])
    assert member.replica_set in SERVICES["mongo"]["command"]
    for service in CLIENTS:
        settings = settings_of(service, tmp_path)
        parsed = parse_uri(settings.mongo_uri.get_secret_value())
        assert parsed["options"]["replicaSet"] == member.replica_set
        assert parsed["nodelist"] == [("mongo", 27017)]
        assert member.host == "mongo:27017"
        assert parsed["username"] == asked["user"]
        assert settings.mongo_password_file.name == Path(asked["user_password_file"]).name
        assert settings.database == settings_of("setup", tmp_path).database
        assert User(asked["user"], password_in(settings.mongo_password_file))


def test_setup_comes_over_the_loopback_of_mongo_and_ends(tmp_path):
    setup = SERVICES["setup"]
    assert setup["network_mode"] == "service:mongo"
    assert setup["restart"] == "no"
    assert setup["depends_on"] == {"mongo": {"condition": "service_started"}}
    parsed = parse_uri(settings_of("setup", tmp_path).mongo_uri.get_secret_value())
    assert parsed["nodelist"] == [("127.0.0.1", 27017)]
    assert parsed["options"]["directConnection"] is True
    assert parsed["username"] != options_of("setup")["user"]


def test_the_web_service_reads_as_a_user_of_its_own_whom_setup_makes(tmp_path):
    asked, settings = options_of("setup"), settings_of("web", tmp_path)
    parsed = parse_uri(settings.mongo_uri.get_secret_value())
    assert parsed["username"] == asked["reader"] == EXAMPLE["WEB_USER"]
    assert settings.mongo_password_file.name == Path(asked["reader_password_file"]).name
    assert settings.database == settings_of("setup", tmp_path).database
    assert SERVICES["web"]["read_only"] is True
    # With the other user it may write.
    given_up = TEXT.replace("${WEB_USER:-reader}", asked["user"])
    assert f"mongodb://{asked['user']}@mongo" in given_up
    assert f'secrets: ["mongo_{asked["user"]}_password"' in given_up
    assert f"mongo_{asked['user']}_password" in SECRETS


def test_the_web_service_has_a_token_and_answers_to_names_of_this_machine_only(tmp_path):
    settings = serve_settings_of(tmp_path)
    assert settings.token.get_secret_value() == "serve_token-of-this-test"
    assert settings.hosts == ("localhost", "127.0.0.1")
    *program, script = SERVICES["web"]["healthcheck"]["test"]
    assert program == ["CMD", "python", "-c"]
    (call,) = [node for node in ast.walk(ast.parse(script)) if isinstance(node, ast.Call)]
    asked = urlsplit(ast.literal_eval(call.args[0]))
    assert (asked.hostname, asked.path) == ("127.0.0.1", "/health/ready")
    assert asked.port == options_of("web")["port"]


@pytest.mark.parametrize("service", READERS)
def test_all_work_waits_for_a_founded_database(service):
    assert SERVICES[service]["depends_on"] == {
        "mongo": {"condition": "service_healthy"},
        "setup": {"condition": "service_completed_successfully"},
    }


@pytest.mark.parametrize("service", WORKERS)
def test_a_worker_returns_after_a_crash_and_has_time_to_hand_its_crystals_back(service):
    worker = SERVICES[service]
    assert worker["restart"] == "unless-stopped"
    assert int(worker["stop_grace_period"].removesuffix("s")) >= 30


@pytest.mark.parametrize("service", WORKERS)
def test_the_health_of_a_worker_is_asked_where_it_tells_its_metrics(service):
    *program, script = SERVICES[service]["healthcheck"]["test"]
    assert program == ["CMD", "python", "-c"]
    (call,) = [node for node in ast.walk(ast.parse(script)) if isinstance(node, ast.Call)]
    asked = urlsplit(ast.literal_eval(call.args[0]))
    assert (asked.hostname, asked.path) == ("127.0.0.1", "/metrics")
    assert asked.port == options_of(service)["metrics_port"]


def test_the_worker_takes_every_gpu_and_the_other_one_none():
    (devices,) = SERVICES["worker"]["deploy"]["resources"]["reservations"]["devices"]
    assert devices == {"driver": "nvidia", "count": "all", "capabilities": ["gpu"]}
    assert options_of("worker")["devices"] == "all"
    assert "profiles" not in SERVICES["worker"]
    assert "deploy" not in SERVICES["worker-cpu"]
    assert options_of("worker-cpu")["device"] == "cpu"
    assert options_of("worker-cpu")["processes"] == int(EXAMPLE["WORKER_PROCESSES"])
    assert SERVICES["worker-cpu"]["profiles"] == ["cpu"]


def test_a_campaign_runs_only_when_asked():
    assert SERVICES["facet"]["profiles"] == ["campaign"]
    assert SERVICES["facet"]["restart"] == "no"


@pytest.mark.parametrize("service", OURS)
def test_our_containers_have_no_rights_that_they_do_not_need(service):
    assert SERVICES[service]["cap_drop"] == ["ALL"]
    assert SERVICES[service]["security_opt"] == ["no-new-privileges:true"]
    assert SERVICES[service]["user"] == EXAMPLE["RUN_AS"]


@pytest.mark.parametrize("name", ["mongo-data", "mongo-config"])
def test_data_outlives_the_container(name):
    mounted = {volume.split(":")[0] for volume in SERVICES["mongo"]["volumes"]}
    assert name in mounted
    assert name in COMPOSE["volumes"]


def test_the_image_is_built_of_files_that_exist():
    dockerfile = COMPOSE["x-facet"]["build"]["dockerfile_inline"]
    copied = re.findall(r"^COPY (.+) \S+$", dockerfile, re.MULTILINE)
    names = [name for line in copied for name in line.split()]
    assert names
    assert [name for name in names if not (ROOT / name).exists()] == []
    asked = set(re.findall(r"^ARG (\w+)$", dockerfile, re.MULTILINE))
    assert asked == set(COMPOSE["x-facet"]["build"]["args"])
