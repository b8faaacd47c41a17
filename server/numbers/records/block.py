"""号段: formal numbers handed to an officer in advance, like a numbered pad (domain.md §7.7)."""

from sync.lifecycle import Lifecycle, transition
from sync.record import Body, Field, choice, integer, kind, reference, text

KINDS = {
    "rectification": "责令限期整改通知书",
    "stop_work": "责令停工通知书",
    "resume": "同意复工通知书",
    "referral": "案件移送函",
    "interview": "约谈通知书",
    "listing": "隐患挂牌督办通知书",
}
AUTHORITY = {"type": "string", "pattern": "^[a-z0-9-]{1,40}$"}
MOST = 200  # numbers of one block; a returned block leaves as many voids

LIFECYCLE = Lifecycle(
    initial="open",
    states={"open": "使用中", "returned": "已交回", "voided": "已作废"},
    transitions={
        "give_back": transition("open -> returned", by="inspector supervisor"),
        "void": transition("open -> voided", by="supervisor"),
    },
)


def objection(verb: str, body: Body, actor: str) -> str | None:
    """An officer gives back the own block; a supervisor voids that of a lost phone, and says why."""
    if verb == "give_back" and body["officer"] != actor:
        return "not-your-block"
    if verb == "void" and not body.get("void_reason"):
        return "reason-missing"
    return None


BLOCK = kind(
    "block",
    zh="号段",
    lifecycle=LIFECYCLE,
    objection=objection,
    signed="given_by",
    fields={
        "officer": reference(required=True, fixed=True, zh="领用人"),
        "authority": Field(schema=AUTHORITY, required=True, fixed=True, zh="出具机关"),
        "notice_kind": choice(*KINDS, required=True, fixed=True, zh="文书种类"),
        "year": integer(1949, 2199, required=True, fixed=True, zh="年度"),
        "size": integer(1, MOST, required=True, fixed=True, zh="数量"),
        "void_reason": text(400, zh="作废原因"),
        "first": integer(1, 999_999, policy="server", zh="起号"),
        "last": integer(1, 999_999, policy="server", zh="止号"),
        "format": text(60, policy="server", zh="文号格式"),
    },
)
