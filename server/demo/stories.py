"""What the desk shows beside issues: a disagreement, work without leave, papers, plans, visits.

Each is made by the doors that people use, as the person whose deed it is; ids are derived from names, so
that running it twice changes nothing.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from server import access, transaction
from server.access import SystemMay
from server.errors import Refusal
from server.notices import actions as notices
from server.office import office
from server.people.queries import standing
from sync.arrival import rfc3339
from sync.change import Author, read

from .actions import Seeding, named

SITE = "project:wj-01"
FIRM = "91110105MA0XD00162"
PARTY = f"party:{FIRM}"
CRANE, SLING, FIRE = "is-20", "is-19", "is-37"
# Two phones that were both without a line: each had seen the issue as it was found.
PARTS = {
    "inspector": ("is-18", "2号塔式起重机（3号楼东侧，起重臂根部）", "2026-11-20T09:12:00+08:00"),
    "inspector2": ("is-18", "2号塔式起重机（4号楼西侧）", "2026-11-20T09:40:00+08:00"),
}
# (issue, photograph, who drew over it when, what it points at, strokes in 1,000 × 750 units)
DRAWN = (
    "is-01",
    "edge-unguarded.jpg",
    "inspector",
    "2026-11-03T09:43:20+08:00",
    "人站在无护栏的临边，脚下有碎砖，箭头处应设护栏",
    "M432 266L457 273 480 292 498 320 511 353 520 389 524 429 521 471 510 508 491 537 469 556 445 564 "
    "421 565 397 557 374 539 355 511 344 474 340 433 343 392 352 355 365 322 383 294 405 274 430 266 455 272"
    "M690 640L548 520 577 526 548 520 556 548",
)


def tell(seeding: Seeding) -> None:
    """All of them."""
    _drawn(seeding)
    _disagree(seeding)
    _without_leave(seeding)
    _answered(seeding)
    _plans(seeding)
    _papers(seeding)
    _officers(seeding)
    _contacts(seeding)


def _drawn(seeding: Seeding) -> None:
    """What the finder drew over a photograph, on site."""
    issue, photo, who, at, caption, strokes = DRAWN
    said = {"photo": named(issue, photo), "width": 1000, "height": 750, "strokes": strokes}
    record = named("markup", issue, photo)
    _push(seeding, who, SITE, _create("markup", record, said | {"caption": caption}, PARTY, at))


def _disagree(seeding: Seeding) -> None:
    """Two inspectors name the place differently; the second to arrive becomes a conflict."""
    for author, (issue, part, at) in PARTS.items():
        record = named(issue)
        fields = {"part": {"set": part}}
        _push(seeding, author, SITE, _update("issue", record, 2, fields, at, author), SystemMay())


def _without_leave(seeding: Seeding) -> None:
    """An inspector dismisses the own finding, which only a supervisor may: it waits for one."""
    fields = {
        "state": {"do": "dismiss"},
        "notes": {
            "append": [{"id": named("note", FIRE), "text": "现场复核：灭火器当日已更换，油漆已移出。"}]
        },
    }
    _push(
        seeding, "inspector", SITE, _update("issue", named(FIRE), 1, fields, "2026-11-20T15:05:00+08:00", "x")
    )


def _answered(seeding: Seeding) -> None:
    """The firm's answer to one issue, and its wish for more time on another."""
    reply = {
        "subject": named(SLING),
        "measure": "已停用单点捆绑吊具，更换为两点吊索并配合格卸扣；班组重新交底，专人监护。",
        "person": "赵立新",
        "done_at": "2026-11-12T16:20:00+08:00",
        "countersigned": "总监理工程师 周启明",
    }
    _push(
        seeding, "contractor", SITE, _create("reply", named("reply", SLING), reply, PARTY, reply["done_at"])
    )
    asked = {
        "subject": named("is-05"),
        "until": "2026-11-26",
        "reason": "修补方案须经设计单位确认，灌浆料养护期为七天。",
        "asked_at": "2026-11-16T10:00:00+08:00",
    }
    made = _create("extension", named("extension", "is-05"), asked, PARTY, asked["asked_at"])
    _push(seeding, "contractor", SITE, made)


def _plans(seeding: Seeding) -> None:
    """A recurring plan that is approved, a campaign that waits for it, and visits to make."""
    here = office()
    monthly = {
        risk: {"times": 1, "months": m} for risk, m in {"red": 1, "orange": 2, "yellow": 3, "blue": 6}.items()
    }
    recurring = {"title": "2026年在建工程日常巡查计划", "sort": "recurring", "valid_from": "2026-01-01"}
    campaign = {
        "title": "冬季施工与消防安全专项检查",
        "sort": "campaign",
        "valid_from": "2026-11-15",
        "valid_to": "2027-03-15",
        "note": "重点：动火作业、临时用电、保温材料堆放、有限空间。",
    }
    at = "2026-11-14T09:00:00+08:00"
    for name, said in (("daily", recurring | {"frequency": monthly}), ("winter", campaign)):
        made = _create("plan", named("plan", name), said, "office", at)
        _push(seeding, "supervisor", here.config.office, made)
    approved = _update("plan", named("plan", "daily"), 10**9, {"state": {"do": "approve"}}, at, "approve")
    _push(seeding, "director", here.config.office, approved)
    for site, officers, due_on in (
        ("wj-01", ("inspector", "inspector2"), "2026-11-30"),
        ("wj-02", ("inspector", "supervisor"), "2026-12-01"),
        ("wj-03", ("inspector2", "inspector"), "2026-12-03"),
    ):
        said = {
            "due_on": due_on,
            "inspection_type": "routine",
            "plan": named("plan", "daily"),
            "note": "按日常巡查计划。",
        }
        made = _create("assignment", named("assignment", site), said, "field", at)
        made["fields"]["officers"] = {"add": [seeding.ids[o] for o in officers], "remove": []}
        _push(seeding, "supervisor", f"project:{site}", made)


# (site, firm, post, name, number of no real range, until when, what to know)
CALLED = (
    ("wj-01", FIRM, "site_manager", "赵立新", "13800000001", None, "现场办公室在3号楼北侧"),
    ("wj-01", FIRM, "safety_officer", "钱卫国", "13800000002", None, None),
    ("wj-01", "91110105MA0XD0454N", "chief_engineer", "周启明", "13800000003", None, None),
    ("wj-01", "91110105MA0XD06731", "client_head", "吴静", "010-64000001-801", None, "工作日 9:00-17:30"),
    ("wj-01", FIRM, "safety_officer", "郑海涛", "13800000004", "2026-09-30", "已调离"),
    ("wj-02", "91110105MA0XD01206", "site_manager", "冯大勇", "13800000005", None, None),
    ("wj-03", "91110105MA0XD0235C", "on_duty", "值班室", "010-64000002", None, "24小时"),
)
ANSWERING = {
    "wj-01": "inspector",
    "wj-02": "inspector2",
    "wj-03": "inspector2",
    "wj-04": "inspector",
    "wj-05": "inspector2",
}


def _officers(seeding: Seeding) -> None:
    """All sites but the last have an officer; one is given away and waits for whoever is to take it over."""
    for site, officer in ANSWERING.items():
        first = named("handover", site)
        about = {"reason": "监督责任人首次指定", "proposed_at": "2026-11-02T09:00:00+08:00"}
        _hand_over(seeding, site, first, "supervisor", about | {"taker": seeding.ids[officer]})
        because = {"absence": {"set": "首次指定，无交出人"}}
        _sign(seeding, "supervisor", site, first, "appoint", about["proposed_at"], because)
        _sign(seeding, officer, site, first, "take", "2026-11-02T10:20:00+08:00")
    given, at = named("handover", "wj-03", "next"), "2026-11-21T17:30:00+08:00"
    people = {"giver": seeding.ids["inspector2"], "taker": seeding.ids["inspector"]}
    _hand_over(seeding, "wj-03", given, "inspector2", people | {"reason": "分工调整", "proposed_at": at})
    note = {"note": {"set": "扬尘在线监测设备上周刚换，读数偏高，已约厂家校准。"}}
    _sign(seeding, "inspector2", "wj-03", given, "give", at, note)


def _contacts(seeding: Seeding) -> None:
    """Whom to call about a site; one of them has left it."""
    at = "2026-11-02T10:40:00+08:00"
    for site, organisation, role, name, telephone, until, note in CALLED:
        said = {"name": name, "organisation": organisation, "role": role, "telephone": telephone}
        said |= {n: v for n, v in (("valid_to", until), ("note", note)) if v}
        made = _create("contact", named("contact", site, name), said, "officers", at)
        _push(seeding, "inspector", f"project:{site}", made)


def _hand_over(seeding: Seeding, site: str, record: str, who: str, said: Mapping[str, str]) -> None:
    about = {"project": named("project", site), **said}
    _push(seeding, who, f"project:{site}", _create("handover", record, about, "office", said["proposed_at"]))


def _sign(
    seeding: Seeding,
    who: str,
    site: str,
    record: str,
    verb: str,
    at: str,
    more: Mapping[str, Any] | None = None,
) -> None:
    fields = {"state": {"do": verb}} | dict(more or {})
    _push(seeding, who, f"project:{site}", _update("handover", record, 10**9, fields, at, verb))


def _papers(seeding: Seeding) -> None:
    """One order that is issued and one that waits for its approval."""
    order = {
        "notice_kind": "rectification",
        "drafted_at": "2026-11-20T16:00:00+08:00",
        "inspected_at": "2026-11-10T14:30:00+08:00",
        "demand": "立即悬挂使用登记标志，补齐3号塔机安装验收资料。",
    }
    issued = named("notice", CRANE)
    _draft(seeding, issued, order, CRANE)
    # The law of the day may speak against it by then: the draft stays, and says why.
    with suppress(Refusal):
        _issue(seeding, issued, "2026-11-20T16:40:00+08:00")
    stop = {
        "notice_kind": "stop_work",
        "drafted_at": "2026-11-20T17:30:00+08:00",
        "inspected_at": "2026-11-10T14:30:00+08:00",
        "demand": "2号塔机立即停止使用，切断电源并挂牌，经检修、检测合格后方可申请恢复。",
        "scope": "machine",
        "scope_note": "2号塔式起重机",
        "starts_at": "2026-11-21T08:00:00+08:00",
        "resume_condition": "力矩限制器恢复，第三方检测合格，经复查同意。",
    }
    _draft(seeding, named("notice", "is-18"), stop, "is-18")


def _draft(seeding: Seeding, record: str, said: Mapping[str, Any], issue: str) -> None:
    officers = [seeding.ids[n] for n in ("inspector", "inspector2")]
    more = {
        "addressee": FIRM,
        "addressee_name": "北京示例筑安建设集团有限公司",
        "certificates": dict(zip(officers, ("示例执法-0101", "示例执法-0102"), strict=True)),
        "author_org": "cy-gls",
        "authority": "cy-zjw",
        "enforcement_authority": "cy-cgj",
    }
    fields: dict[str, Any] = {n: {"set": v} for n, v in {**said, **more}.items()}
    fields["issues"] = {"add": [named(issue)], "remove": []}
    fields["officers"] = {"add": officers, "remove": []}
    fields["legal_basis"] = {"add": ["安全生产法 第六十五条"], "remove": []}
    change = named("change", record)
    notices.draft(
        _actor(seeding, "inspector"), SITE, fields, record=record, change=change, at=said["drafted_at"]
    )


def _issue(seeding: Seeding, record: str, at: str) -> None:
    actor, change = _actor(seeding, "inspector"), named("change", record, "issue")
    notices.amend(actor, record, SITE, {"state": {"do": "issue"}}, version=10**9, change=change, at=at)


def _actor(seeding: Seeding, who: str) -> Any:
    with transaction.reading() as conn:
        return standing(conn, seeding.ids[who], f"demo-{who}")


def _push(seeding: Seeding, who: str, dossier: str, change: dict[str, Any], may: Any = None) -> None:
    """As this person, with the posts that they hold; whatever comes of it is the story."""
    here, actor = office(), _actor(seeding, who)
    allowed = may or access.in_dossier(actor, dossier, here.journal.kinds)
    assert allowed is not None, f"{who} holds no post in {dossier}"
    author = Author(actor.id, actor.writer, allowed)
    changes = [read(change, here.journal.kinds)]
    [outcome] = transaction.submit(dossier, author, changes, received_at=rfc3339(here.clock())).outcomes
    if outcome["status"] == "invalid":
        raise RuntimeError(f"{change['kind']} {change['record']}: {outcome}")


def _create(kind: str, record: str, said: Mapping[str, Any], audience: str, at: str) -> dict[str, Any]:
    fields = {n: {"set": v} for n, v in said.items()}
    change = {"id": named("change", record), "n": 0, "op": "create", "kind": kind, "record": record}
    return change | {"audience": audience, "fields": fields, "at": at}


def _update(
    kind: str, record: str, version: int, fields: Mapping[str, Any], at: str, *more: str
) -> dict[str, Any]:
    change = {
        "id": named("change", record, *more, at),
        "n": 0,
        "op": "update",
        "kind": kind,
        "record": record,
    }
    return change | {"base": {"version": version, "epoch": 1}, "fields": dict(fields), "at": at}
