"""The periodic jobs: one leader, each does what it says, and being late is not being never."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from apscheduler.events import EVENT_JOB_EXECUTED
from apscheduler.executors.base import run_job
from apscheduler.schedulers.base import BaseScheduler
from sqlalchemy import text

from server import scheduler, transaction
from tests.support.house import House, issue

WJ = "project:wj-01"


def invalid(site: House) -> int:
    with site.app.app_context(), transaction.reading() as conn:
        return conn.execute(text("SELECT count(*) FROM invalid")).scalar_one()


def test_undecodable_bytes_are_kept_for_ninety_days(site: House) -> None:
    site.desk("li").push(WJ, issue(severity="catastrophic"))
    jobs = scheduler.jobs(site.app)
    with site.app.app_context():
        site.clock.now += timedelta(days=90)
        assert jobs["forget invalid"]() == 0 and invalid(site) == 1
        site.clock.now += timedelta(seconds=1)
        assert jobs["forget invalid"]() == 1 and invalid(site) == 0


def test_one_of_two_nodes_leads_and_the_other_follows_when_it_is_gone(site: House) -> None:
    first, second = scheduler.Leader(site.app), scheduler.Leader(site.app)
    with site.app.app_context():
        assert first.leads() and first.leads()
        assert not second.leads()
        first.resign()
        assert second.leads()
        second.resign()


def test_jobs_that_begin_at_the_same_moment_all_hear_that_their_node_leads(site: House) -> None:
    """Two tries at once would refuse each other: one job left out, and the figure says nobody leads."""
    jobs = 8

    def ask(leader: scheduler.Leader, begin: Barrier) -> tuple[bool, bool]:
        with site.app.app_context():
            begin.wait()
            return leader.leads(), leader.leads_node()

    with ThreadPoolExecutor(jobs) as threads:
        for _ in range(10):
            leader, begin = scheduler.Leader(site.app), Barrier(jobs)
            heard = list(threads.map(ask, [leader] * jobs, [begin] * jobs))
            with site.app.app_context():
                leader.resign()
            assert heard == [(True, True)] * jobs


def test_what_is_about_a_nodes_own_disk_is_done_by_one_process_of_each_node(site: House) -> None:
    leader, neighbour = scheduler.Leader(site.app), scheduler.Leader(site.app)
    far = scheduler.Leader(site.app)
    far._path = site.folder / "another-node.lock"
    with site.app.app_context():
        assert leader.leads() and leader.leads_node()
        assert not neighbour.leads_node()
        assert far.leads_node()
        for one in (leader, neighbour, far):
            one.resign()
    assert set(scheduler.jobs(site.app)) >= scheduler.ON_EVERY_NODE


def test_every_job_runs_on_an_empty_house(house: House) -> None:
    with house.app.app_context():
        for job in scheduler.jobs(house.app).values():
            assert not job()


@pytest.mark.parametrize("name", sorted(scheduler.AT_START))
def test_a_job_that_could_not_begin_in_time_begins_late(site: House, name: str) -> None:
    """A busy machine, every thread taken: what is due once a day does not wait for tomorrow."""
    planned = scheduler.planned(site.app)
    BaseScheduler.start(planned, paused=True)  # without the loop
    due = planned.get_job(name)
    [said] = run_job(due, "default", [datetime.now(UTC) - timedelta(hours=1)], "apscheduler")
    BaseScheduler.shutdown(planned)
    assert said.code == EVENT_JOB_EXECUTED


def test_every_job_is_planned_once(site: House) -> None:
    assert {job.id for job in scheduler.planned(site.app).get_jobs()} == set(scheduler.jobs(site.app))
