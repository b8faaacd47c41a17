"""Saved views: one's own, the office's, and what each reader finds behind them."""

from typing import Any

import pytest

from tests.support.house import Desk, House, issue, new_id

WJ = "project:wj-01"
LATE = {"state": ["submitted"], "overdue": True}


def keep(desk: Desk, view: str | None = None, **said: Any) -> Any:
    body = {"name": "逾期未结", "filter": LATE, "sort": "due_on"} | said
    return desk.call("PUT", f"/api/v1/views/{view or new_id()}", json=body)


def names(desk: Desk) -> list[str]:
    return [view["name"] for view in desk.get("/api/v1/views")["items"]]


def test_a_view_is_kept_as_it_was_said_and_found_again(site: House) -> None:
    zhang, name = site.desk("zhang"), new_id()
    kept = keep(zhang, name, name=" 逾期未结 ")
    assert kept.status_code == 200, kept.text
    [found] = zhang.get("/api/v1/views")["items"]
    assert found == kept.json
    assert (found["id"], found["name"], found["mine"], found["shared"]) == (name, "逾期未结", True, False)
    assert (found["filter"], found["sort"], found["count"]) == (LATE, "due_on", None)
    assert found["owner"] == {"id": zhang.person, "name": "zhang某"}


def test_keeping_it_again_changes_it_and_makes_no_second_one(site: House) -> None:
    zhang, name = site.desk("zhang"), new_id()
    keep(zhang, name)
    keep(zhang, name, name="扬尘", filter={"domain": ["dust"], "due_before": "2026-12-01"})
    [found] = zhang.get("/api/v1/views")["items"]
    assert found["name"] == "扬尘"
    assert found["filter"] == {"domain": ["dust"], "due_before": "2026-12-01"}


def test_a_view_is_its_owners_alone_until_it_is_shared(site: House) -> None:
    zhang, li, name = site.desk("zhang"), site.desk("li"), new_id()
    keep(zhang, name)
    assert names(li) == []
    keep(zhang, name, shared=True)
    [found] = li.get("/api/v1/views")["items"]
    assert (found["mine"], found["owner"]["name"]) == (False, "zhang某")
    keep(zhang, name, shared=False)
    assert names(li) == []


def test_who_comes_for_a_firm_sees_no_shared_view_and_shares_none(site: House) -> None:
    keep(site.desk("zhang"), shared=True)
    zhao = site.desk("zhao")
    assert names(zhao) == []
    refused = keep(zhao, shared=True)
    assert (refused.status_code, refused.json["code"]) == (403, "not-permitted")
    assert keep(zhao).status_code == 200
    assert names(zhao) == ["逾期未结"]


def test_anothers_view_is_neither_changed_nor_removed_even_where_it_is_shared(site: House) -> None:
    zhang, li, name = site.desk("zhang"), site.desk("li"), new_id()
    keep(zhang, name, shared=True)
    for answer in (keep(li, name, name="我的"), li.call("DELETE", f"/api/v1/views/{name}")):
        assert (answer.status_code, answer.json["code"]) == (404, "not-found")
    assert names(zhang) == ["逾期未结"]
    assert zhang.call("DELETE", f"/api/v1/views/{name}").status_code == 204
    assert zhang.call("DELETE", f"/api/v1/views/{name}").status_code == 404
    assert names(li) == []


def test_each_reader_counts_what_that_reader_sees(site: House) -> None:
    zhang, li = site.desk("zhang"), site.desk("li")
    dated = issue(due_on="2026-11-20"), issue(due_on="2026-12-20"), issue(audience="confidential")
    li.push(WJ, *dated[:2])
    zhang.push(WJ, dated[2])
    keep(zhang, shared=True)
    keep(zhang, name="全部", filter={}, shared=True)

    def counted(who: str) -> dict[str, Any]:
        items = site.desk(who).get("/api/v1/views?counts=true")["items"]
        return {one["name"]: one["count"] for one in items}

    assert counted("zhang") == {"全部": {"total": 3, "overdue": 1}, "逾期未结": {"total": 1, "overdue": 1}}
    assert counted("li")["全部"] == {"total": 2, "overdue": 1}
    assert counted("stranger")["全部"] == {"total": 0, "overdue": 0}


def test_counting_many_views_takes_one_statement_more(site: House) -> None:
    zhang = site.desk("zhang")
    spent = []
    for _ in range(2):
        keep(zhang)
        with site.statements() as said:
            zhang.get("/api/v1/views?counts=true")
        spent.append(len(said))
    assert spent[0] == spent[1]


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "   "},
        {"name": "长" * 61},
        {"filter": {"state": ["nonsense"]}},
        {"filter": {"page": "x"}},
        {"sort": "id"},
        {"filter": None},
    ],
)
def test_a_view_that_the_queue_would_refuse_is_not_kept(site: House, wrong: dict[str, Any]) -> None:
    answer = keep(site.desk("zhang"), **wrong)
    assert (answer.status_code, answer.json["code"]) == (400, "malformed")
    assert names(site.desk("zhang")) == []


def test_a_view_whose_filter_is_no_longer_known_is_shown_without_a_count(site: House) -> None:
    from sqlalchemy import text

    from server import transaction

    zhang, name = site.desk("zhang"), new_id()
    keep(zhang, name)
    with site.app.app_context(), transaction.writing() as conn:
        conn.execute(text('UPDATE views SET filter = \'{"state": ["of_old"]}\''))
    [found] = zhang.get("/api/v1/views?counts=true")["items"]
    assert (found["filter"], found["count"]) == ({"state": ["of_old"]}, None)


def test_somebody_keeps_so_many_and_no_more(site: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.views.actions.MOST", 2)
    zhang, first = site.desk("zhang"), new_id()
    keep(zhang, first)
    keep(zhang)
    refused = keep(zhang)
    assert (refused.status_code, refused.json["code"]) == (409, "too-many-views")
    assert keep(zhang, first, name="改名").status_code == 200
    assert keep(site.desk("li")).status_code == 200
