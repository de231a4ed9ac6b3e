"""Health, metrics, headers, limits and tokens of the web service."""

import pytest

pytest.importorskip("fastapi", reason="the web service needs the extra `serve`")

from pydantic import ValidationError
from pymongo import MongoClient
from service_samples import TOKEN, fill, serving

from db.documents.worker import WorkerDoc
from db.follow_ups import follow_ups_of
from db.transactions import server_time
from db.workers import save_heartbeat
from facet.errors import ConfigError
from workflows.api import decisions
from workflows.api.settings import ServeSettings, serve_settings

pytestmark = pytest.mark.integration

ADDRESS = "/api/campaigns/c1/decisions"
WISH = {"approve": ["m1"], "by": "ada"}


@pytest.fixture
def filled(database):
    fill(database)
    return database


@pytest.fixture
def away():
    """A database whose server is not there."""
    with MongoClient("mongodb://127.0.0.1:9/", serverSelectionTimeoutMS=200) as client:
        yield client["facet"]


@pytest.fixture
def decided(monkeypatch):
    """What was decided, in place of the calculations that approval makes of real relaxations."""
    made = []

    def note(_database, campaign, wishes, _calculation, by):
        made.append((campaign.campaign_id, wishes.approve, wishes.reject, by))
        return [], []

    monkeypatch.setattr("workflows.dft.approval.decide_on", note)
    return made


def test_without_a_token_nobody_may_decide_and_the_sentence_says_how_to_change_that(filled):
    with serving(filled) as client:
        refused = client.post(ADDRESS, json=WISH, headers={"Authorization": "Bearer anything"})
    assert refused.status_code == 403
    assert "set FACET_SERVE_TOKEN" in refused.json()["detail"]
    assert follow_ups_of(filled, "c1") == []


@pytest.mark.parametrize(
    "header", [None, f"Basic {TOKEN}", "Bearer", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", "é"]
)
def test_a_wrong_token_is_refused(filled, header):
    headers = {} if header is None else {"Authorization": header.encode()}
    with serving(filled, token=TOKEN) as client:
        refused = client.post(ADDRESS, json=WISH, headers=headers)
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == "Bearer"
    assert follow_ups_of(filled, "c1") == []


def test_who_has_the_token_approves_and_rejects(filled, decided):
    with serving(filled, token=TOKEN) as client:
        client.headers["Authorization"] = f"Bearer {TOKEN}"
        told = client.post(ADDRESS, json={**WISH, "reject": ["m3"]})
        twice = client.post(ADDRESS, json={**WISH, "reject": ["m1"]})
        nothing = client.post(ADDRESS, json={"by": "ada"})
    assert told.json() == {"campaign_id": "c1", "approved": [], "rejected": [], "core_hours": 0.0}
    assert decided == [("c1", ["m1"], ["m3"], "ada")]
    assert twice.status_code == nothing.status_code == 422


def test_a_body_that_is_no_json_or_too_large_is_refused(filled):
    with serving(filled, token=TOKEN) as client:
        client.headers["Authorization"] = f"Bearer {TOKEN}"
        broken = client.post(
            ADDRESS, content=b'{"approve": [', headers={"content-type": "application/json"}
        )
        large = client.post(ADDRESS, json={"approve": ["x" * 2_000_000], "by": "ada"})
        endless = client.post(ADDRESS, content=iter([b"{}"]))
    assert (broken.status_code, large.status_code, endless.status_code) == (422, 413, 411)
    assert "no JSON" in broken.json()["detail"]


def test_every_answer_carries_the_headers_that_protect_browsers(filled):
    with serving(filled) as client:
        answers = [client.get(each) for each in ("/health/live", "/nothing", "/optimade/v1/info")]
    for each in answers:
        assert "frame-ancestors 'none'" in each.headers["content-security-policy"]
        assert each.headers["x-content-type-options"] == "nosniff"
        assert each.headers["referrer-policy"] == "no-referrer"
        assert "access-control-allow-origin" not in each.headers


def test_a_page_elsewhere_cannot_lend_its_name_to_the_service(filled):
    with serving(filled) as client:
        refused = client.get("/api/campaigns", headers={"Host": "evil.example"})
        port = client.base_url.port
        allowed = client.get("/api/campaigns", headers={"Host": f"localhost:{port}"})
    assert (refused.status_code, allowed.status_code) == (400, 200)


def test_it_lives_and_is_ready(filled):
    with serving(filled) as client:
        assert client.get("/health/live").json() == {"status": "live"}
        assert client.get("/health/ready").json() == {"status": "ready"}


def test_without_its_database_it_lives_and_says_what_is_missing(away):
    with serving(away, query_seconds=0.2) as client:
        assert client.get("/health/live").status_code == 200
        for address in ("/health/ready", "/api/campaigns", "/api/candidates/count?material_id=x"):
            answered = client.get(address)
            assert answered.status_code == 503
            assert "The database does not answer" in answered.json()["detail"]
        optimade = client.get("/optimade/v1/structures")
        assert optimade.status_code == 503
        assert "does not answer" in optimade.json()["errors"][0]["detail"]
        assert "facet_database_up 0" in client.get("/metrics").text


def test_a_question_that_takes_too_long_is_ended(filled):
    with serving(filled, query_seconds=1e-6) as client:
        answered = client.get("/api/campaigns")
    assert answered.status_code == 503
    assert "/health/ready" in answered.text or "needed too long" in answered.text


def test_a_fault_of_ours_is_answered_and_not_shown(filled, monkeypatch, caplog):
    def break_down(*_):
        raise RuntimeError("secret details")

    monkeypatch.setattr("workflows.api.campaigns.campaign_status", break_down)
    with serving(filled) as client:
        answered = client.get("/api/campaigns/c1/status")
    assert answered.status_code == 500
    assert "secret" not in answered.text
    assert "fault of Facet" in answered.json()["detail"]
    assert "secret details" in caplog.text


def test_prometheus_reads_requests_campaigns_and_workers(filled):
    now = server_time(filled)
    worker = WorkerDoc(
        worker_id="w1",
        host="h",
        pid=1,
        category="facet",
        status="idle",
        lease_seconds=2.0,
        started_at=now,
    )
    save_heartbeat(filled, worker)
    with serving(filled) as client:
        client.get("/api/campaigns/c1")
        client.get("/api/campaigns/{made up}")
        client.get("/optimade/v1/info")
        answered = client.get("/metrics")
    assert answered.headers["content-type"].startswith("text/plain; version=0.0.4")
    values = dict(line.rsplit(" ", 1) for line in answered.text.splitlines() if line[0] != "#")
    one = 'facet_http_requests_total{method="GET",path="/api/campaigns/{campaign_id}",status='
    assert (values[f'{one}"200"}}'], values[f'{one}"404"}}']) == ("1", "1")
    assert 'path="/optimade/' in answered.text
    assert values['facet_campaigns{status="submitted"}'] == "2"
    assert values['facet_workers{status="idle"}'] == "1"
    assert values['facet_tasks{campaign="c1",status="pending"}'] == "0"
    assert values["facet_database_up"] == "1"
    assert "made up" not in answered.text


def test_settings_refuse_what_is_unsafe_and_never_repeat_a_token(monkeypatch):
    monkeypatch.setenv("FACET_SERVE_TOKEN", "too short")
    with pytest.raises(ConfigError, match="FACET_SERVE_TOKEN cannot be used") as refused:
        serve_settings()
    assert "too short" not in str(refused.value)
    monkeypatch.setenv("FACET_SERVE_TOKEN", TOKEN)
    monkeypatch.setenv("FACET_SERVE_PORT", "9000")
    assert serve_settings(host="::1", port=None).port == 9000
    assert TOKEN not in repr(serve_settings())
    with pytest.raises(ValidationError):
        ServeSettings(root_path="no-slash")


def test_only_loopback_addresses_count_as_local():
    assert ServeSettings(host="127.0.0.1").is_local
    assert ServeSettings(host="::1").is_local
    assert not ServeSettings(host="0.0.0.0").is_local  # noqa: S104 (nothing listens)
    assert ServeSettings(host="0.0.0.0").hosts == ()  # noqa: S104 (as above)
    assert decisions.SCHEME == "bearer "
