import re
from pathlib import Path

import pytest
import yaml
from pymongo.uri_parser import parse_uri

from db.settings import DbSettings

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE = yaml.safe_load(TEXT)
EXAMPLE = dict(
    line.split("=", 1)
    for line in (ROOT / ".env.example").read_text().splitlines()
    if line and not line.startswith("#")
)
SECRETS = {each["environment"] for each in COMPOSE["secrets"].values()}
INTERPOLATED = re.compile(r"(?<!\$)\$\{(?P<name>\w+)(?P<rest>[^}]*)\}")


def oldest_allowed(image):
    name, version = image.split(":")
    assert name == "mongo"
    return tuple(int(part) for part in version.split(".")) >= (8, 0, 17)


def test_every_facet_variable_is_one_that_the_settings_read():
    known = {f"FACET_{name.upper()}" for name in DbSettings.model_fields}
    named = set(re.findall(r"\bFACET_[A-Z_]+", TEXT + "\n".join(EXAMPLE)))
    assert named
    assert named <= known


def test_no_service_publishes_a_port():
    for service in COMPOSE["services"].values():
        assert "ports" not in service
        assert service.get("network_mode") is None
    assert COMPOSE["networks"]["database"] == {"internal": True}


def test_no_secret_has_a_default():
    used = {match["name"]: match["rest"] for match in INTERPOLATED.finditer(TEXT)}
    for name in SECRETS & used.keys():
        assert used[name].startswith(":?")
    assert {"MONGO_KEYFILE", "MONGO_ROOT_PASSWORD", "MONGO_FACET_PASSWORD"} == SECRETS
    assert all(EXAMPLE[name] == "" for name in SECRETS)


def test_the_example_file_names_every_variable_that_compose_asks_for():
    asked = {match["name"] for match in INTERPOLATED.finditer(TEXT)} | SECRETS
    assert asked == set(EXAMPLE)


def test_mongod_runs_a_supported_version_with_keys_as_a_replica_set():
    mongo = COMPOSE["services"]["mongo"]
    assert oldest_allowed(mongo["image"])
    command = mongo["command"]
    assert command[command.index("--replSet") + 1] == "rs0"
    key_file = command[command.index("--keyFile") + 1]
    assert key_file in mongo["entrypoint"][2]
    assert "mongo_keyfile" in mongo["secrets"]


def test_the_health_check_founds_the_set_that_the_connection_string_names():
    mongo = COMPOSE["services"]["mongo"]
    (script,) = (each["target"] for each in mongo["configs"])
    assert script in mongo["healthcheck"]["test"]
    content = COMPOSE["configs"]["mongo_ready"]["content"]
    assert "$" not in content  # compose would replace it
    uri = COMPOSE["services"]["facet"]["environment"]["FACET_MONGO_URI"]
    parsed = parse_uri(INTERPOLATED.sub("some-secret", uri))
    (host, port) = parsed["nodelist"][0]
    assert host in COMPOSE["services"]
    assert f'host: "{host}:{port}"' in content
    assert f'_id: "{parsed["options"]["replicaSet"]}"' in content
    assert f'user: "{parsed["username"]}"' in content
    assert parsed["options"]["authSource"] == "admin"


def test_the_campaign_waits_for_a_healthy_database_and_runs_only_when_asked():
    facet = COMPOSE["services"]["facet"]
    assert facet["depends_on"] == {"mongo": {"condition": "service_healthy"}}
    assert facet["profiles"] == ["campaign"]
    assert facet["restart"] == "no"


@pytest.mark.parametrize("name", ["mongo-data", "mongo-config"])
def test_data_outlives_the_container(name):
    mounted = {volume.split(":")[0] for volume in COMPOSE["services"]["mongo"]["volumes"]}
    assert name in mounted
    assert name in COMPOSE["volumes"]


def test_the_image_is_built_of_files_that_exist():
    copied = re.findall(
        r"^COPY (.+) \S+$", COMPOSE["services"]["facet"]["build"]["dockerfile_inline"], re.MULTILINE
    )
    names = [name for line in copied for name in line.split()]
    assert names
    assert [name for name in names if not (ROOT / name).exists()] == []
