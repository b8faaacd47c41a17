"""项目交接: a project goes from one officer to another, with both signatures (domain.md §1.2).

The two sign in any order, each where they are: neither has to have heard of the other's signature. With the
second one the house completes it (server/handovers/actions.py) and the project has another officer.
"""

from typing import Any

from sync.lifecycle import Lifecycle, transition
from sync.record import Body, Field, flag, instant, kind, prose, reference, text

OFFICE, LEADERS = "inspector supervisor director", "supervisor director"
OPEN = {"issue": "未销号隐患", "notice": "未办结文书", "assignment": "待执行检查"}
LISTED = 100  # of what is open, the first due first; `open_count` tells how much there is of each
TITLE = 60  # characters of each that are kept

LIFECYCLE = Lifecycle(
    initial="proposed",
    states={
        "proposed": "待签字",
        "done": "已交接",
        "refused": "已拒绝",
        "withdrawn": "已撤回",
        "lapsed": "已失效",
    },
    transitions={
        "give": transition("proposed -> proposed", by=OFFICE, stamps="given_by", times="given_at"),
        # Whoever should hand over is away, suspended or gone, or nobody answers for it yet: a leader signs.
        "appoint": transition(
            "proposed -> proposed", by=LEADERS, stamps="appointed_by", times="given_at", needs="absence"
        ),
        "take": transition("proposed -> proposed", by=OFFICE, stamps="taken_by", times="taken_at"),
        "refuse": transition("proposed -> refused", by=OFFICE, times="ended_at", needs="refusal"),
        "withdraw": transition("proposed -> withdrawn", by=OFFICE, times="ended_at"),
        # A leader stops what others have proposed or signed, and says why.
        "recall": transition(
            "proposed -> withdrawn", by=LEADERS, stamps="recalled_by", times="ended_at", needs="recall"
        ),
        # The house's own: both have signed; somebody else has taken the project over meanwhile.
        "complete": transition("proposed -> done", by="", times="ended_at"),
        "lapse": transition("proposed -> lapsed", by="", times="ended_at"),
    },
)


def objection(verb: str, body: Body, actor: str) -> str | None:
    """Each signs for their own side, and once; nobody appoints themselves, nor in place of themselves. What a
    leader signed in place of the giver is withdrawn by that leader alone, or recalled by another.
    """
    giver, taker = body.get("giver"), body["taker"]
    if verb in ("give", "appoint") and "given_at" in body:
        return "handover-signed"
    if verb == "take" and "taken_at" in body:
        return "handover-signed"
    others = {"give": (taker,), "take": (giver,), "appoint": (giver, taker), "recall": (giver, taker)}
    if actor in others.get(verb, ()):
        return "same-person"
    if verb == "withdraw" and body.get("recall"):
        return "illegal-transition"  # both end in one state: nobody withdraws in a leader's name
    appointed = body.get("appointed_by")
    entitled = {
        "give": (giver,),
        "take": (taker,),
        "refuse": (taker,),
        "withdraw": (appointed,) if appointed else (body.get("author"), giver),
    }
    return "not-permitted" if verb in entitled and actor not in entitled[verb] else None


_ITEM: dict[str, Any] = {
    "type": "object",
    "properties": {
        "kind": {"enum": [*OPEN]},
        "record": {"type": "string"},
        "title": {"type": "string"},
        "state": {"type": "string"},
        "due_on": {"type": ["string", "null"]},
    },
    "required": ["kind", "record", "title", "state", "due_on"],
}
_COUNTS: dict[str, Any] = {"type": "object", "properties": {name: {"type": "integer"} for name in OPEN}}

HANDOVER = kind(
    "handover",
    zh="项目交接",
    audiences=("office",),
    signed="author",
    lifecycle=LIFECYCLE,
    objection=objection,
    fields={
        "project": reference(required=True, fixed=True, zh="项目"),
        # Who answers for the project now; left out where nobody does yet.
        "giver": reference(fixed=True, zh="交出人"),
        "taker": reference(required=True, fixed=True, zh="接收人"),
        "reason": text(400, least=1, required=True, fixed=True, zh="交接原因"),
        "proposed_at": instant(required=True, fixed=True, zh="提出时间"),
        "stays": flag(fixed=True, zh="交出人继续参与"),
        "note": prose(2_000, zh="交接说明"),
        "absence": text(400, zh="未经交出人签字的理由"),
        "refusal": text(400, zh="拒绝理由"),
        "recall": text(400, zh="收回理由"),
        "given_by": reference(policy="server", zh="交出签字人"),
        "appointed_by": reference(policy="server", zh="指定人"),
        "taken_by": reference(policy="server", zh="接收签字人"),
        "recalled_by": reference(policy="server", zh="收回人"),
        "given_at": instant(policy="server", zh="交出签字时间"),
        "taken_at": instant(policy="server", zh="接收签字时间"),
        "ended_at": instant(policy="server", zh="办结时间"),
        "since": instant(policy="server", zh="责任起始"),
        # As it stood when the giving side's signature came in; later changes do not touch it.
        "open": Field(schema={"type": "array", "items": _ITEM}, policy="server", zh="未了事项"),
        "open_count": Field(schema=_COUNTS, policy="server", zh="未了事项数"),
    },
)
