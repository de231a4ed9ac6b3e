"""The list of what is to be relaxed: asking twice, sharing, opening again."""

from __future__ import annotations

import pytest
from db_samples import campaign
from task_samples import ask_for_tasks, counts, result_of, task

from db.campaigns import control_of, set_control, set_priority
from db.errors import MissingDocumentError
from db.leases import Leases
from db.progress import count_places
from db.tasks import add_tasks, close_known, reopen, with_status
from db.writes import save_campaign

pytestmark = pytest.mark.integration


def finish(database, *names):
    leases = Leases(database, "w", 60.0)
    leases.finish([result_of(each) for each in leases.claim(names, len(names))])


def test_asking_twice_is_asking_once(database):
    ask_for_tasks(database, "a", "b")
    finish(database, "a")
    before = task(database, "a")
    assert add_tasks(database, [before.model_copy(update={"status": "pending", "token": 0})]) == 0
    assert task(database, "a") == before


def test_campaigns_that_want_the_same_share_one_task(database):
    ask_for_tasks(database, "shared", campaigns=("c1",), priority=2)
    ask_for_tasks(database, "shared", "own", campaigns=("c2",), priority=7)
    shared = task(database, "shared")
    assert shared.campaigns == ("c1", "c2")
    assert shared.priority == 7
    own = task(database, "own")
    assert (own.campaigns, own.priority) == (("c2",), 7)
    assert counts(database) == {"pending": 2}


def test_a_less_urgent_campaign_does_not_slow_what_it_shares(database):
    ask_for_tasks(database, "a", campaigns=("c1",), priority=7)
    ask_for_tasks(database, "a", campaigns=("c2",), priority=-1)
    assert task(database, "a").priority == 7


def test_what_is_set_aside_can_be_tried_again_and_keeps_its_history(database):
    ask_for_tasks(database, "a", status="set_aside", losses=3, losses_among_few=3, losses_alone=3)
    assert reopen(database, ["a", "unknown"], "set_aside") == 1
    again = task(database, "a")
    assert again.status == "pending"
    assert (again.losses, again.losses_among_few, again.losses_alone) == (0, 0, 0)
    assert reopen(database, ["a"], "set_aside") == 0


def test_statuses_are_found_among_many_tasks(database):
    names = ask_for_tasks(database, *(f"t{number}" for number in range(2500)))
    finish(database, *names[:3])
    assert with_status(database, names, "done") == set(names[:3])
    assert with_status(database, names, "pending", "done") == set(names)
    assert with_status(database, [], "pending") == set()


def test_a_task_whose_result_came_from_elsewhere_is_closed(database):
    ask_for_tasks(database, "waiting", "held")
    Leases(database, "w", 60.0).claim(["held"], 1)
    assert close_known(database, ["waiting", "held"]) == 1
    assert task(database, "waiting").status == "done"
    assert task(database, "held").status == "leased"  # its worker brings the same result


def test_a_campaign_is_paused_and_goes_on(database):
    save_campaign(database, campaign("c1"))
    assert control_of(database, "c1") == "active"
    set_control(database, "c1", "paused")
    assert control_of(database, "c1") == "paused"
    save_campaign(database, campaign("c1"))
    assert control_of(database, "c1") == "paused"


def test_a_new_priority_reaches_what_still_waits(database):
    save_campaign(database, campaign("c1"))
    ask_for_tasks(database, "waiting", "done", campaigns=("c1",))
    finish(database, "done")
    set_priority(database, "c1", 9)
    assert task(database, "waiting").priority == 9
    assert task(database, "done").priority == 0


def test_an_unknown_campaign_is_named(database):
    for ask in (control_of, lambda *a: set_control(*a, "paused"), lambda *a: set_priority(*a, 1)):
        with pytest.raises(MissingDocumentError, match="holds no campaign 'nowhere'"):
            ask(database, "nowhere")


def test_text_of_a_user_is_never_an_operator(database):
    ask_for_tasks(database, "a", campaigns=("c1",))
    assert sum(count_places(database, "c1").statuses.values()) == 1
    assert sum(count_places(database, {"$ne": ""}).statuses.values()) == 0
