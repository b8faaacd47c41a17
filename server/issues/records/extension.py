"""延期申请: asked before the deadline, once, for no longer than the term was; a leader may go beyond."""

from sync.lifecycle import Lifecycle, transition
from sync.record import Body, Field, day, instant, kind, reference, text

# What stands against an ordinary grant; the server finds it when the request comes in.
FLAGS = {"late": "逾期后提出", "second": "再次申请", "too-long": "超过原期限", "major": "重大隐患"}


def objection(verb: str, body: Body, actor: str) -> str | None:
    """A request with something against it is granted by a leader alone; nobody grants their own."""
    if verb in ("grant", "grant_anyway") and body.get("author") == actor:
        return "same-person"
    if verb == "grant" and body.get("flags"):
        return "leader-needed"
    return None


EXTENSION = kind(
    "extension",
    zh="延期申请",
    audiences=("field", "office", "confidential", "party"),
    signed="author",
    objection=objection,
    lifecycle=Lifecycle(
        initial="asked",
        states={"asked": "待批", "granted": "已批准", "refused": "已驳回"},
        transitions={
            "grant": transition("asked -> granted", by="supervisor director", stamps="decided_by"),
            "grant_anyway": transition("asked -> granted", by="director", stamps="decided_by"),
            "refuse": transition("asked -> refused", by="supervisor director", stamps="decided_by"),
        },
    ),
    fields={
        "subject": reference(required=True, fixed=True, zh="所属隐患"),
        "until": day(required=True, fixed=True, zh="申请延至"),
        "reason": text(1_000, least=1, required=True, fixed=True, zh="理由"),
        "asked_at": instant(required=True, fixed=True, zh="申请时间"),
        "note": text(1_000, zh="批复意见"),
        "flags": Field(schema={"type": "array", "items": {"enum": [*FLAGS]}}, policy="server", zh="疑点"),
        "decided_by": reference(policy="server", zh="批复人"),
    },
)
