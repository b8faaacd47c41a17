"""What waits for a person: a conflict holds both values, parked work holds the whole change.

Both are records like any other, so they travel to those who may see them and stay for ever.
"""

from collections.abc import Mapping
from typing import Any

from .arrival import Captured
from .change import Author, Change
from .merge import Lost
from .minutes import State
from .record import Body, Field, Kind, kind

STRICTEST = "confidential"  # the audience that fewest read
# In the author's own dossier such a record is a mirror (followers.py) and says where its home is.
_HOME = {
    "home": Field(schema={"type": "string"}, policy="server", zh="所在案卷"),
    "home_record": Field(schema={"type": "string"}, policy="server", zh="原记录"),
    "home_version": Field(schema={"type": "integer"}, policy="server", zh="原版本"),
}

CONFLICT: Kind = kind(
    "conflict",
    zh="冲突",
    audiences=("field", "office", STRICTEST, "public"),
    written_by_server=True,
    fields={
        "target": Field(schema={"type": "string"}, policy="server", zh="所属记录"),
        "target_kind": Field(schema={"type": "string"}, policy="server", zh="记录类型"),
        "fields": Field(schema={"type": "object"}, policy="server", zh="各字段"),
        "why": Field(schema={"type": "string"}, policy="server", zh="原因"),
        "decision": Field(schema={"type": "object"}, policy="server", zh="处理决定"),
        "open": Field(schema={"type": "boolean"}, policy="server", zh="待处理"),
        **_HOME,
    },
)
PARKED: Kind = kind(
    "parked",
    zh="待审工作",
    audiences=("office", STRICTEST),
    written_by_server=True,
    fields={
        "target": Field(schema={"type": "string"}, policy="server", zh="所属记录"),
        "target_kind": Field(schema={"type": "string"}, policy="server", zh="记录类型"),
        # Why it waits now; where it has been taken and refused once more, `first_why` is why it came.
        "why": Field(schema={"type": "string"}, policy="server", zh="原因"),
        "first_why": Field(schema={"type": "string"}, policy="server", zh="最初原因"),
        "system": Field(schema={"type": "boolean"}, policy="server", zh="系统提交"),
        "change": Field(schema={"type": "object"}, policy="server", zh="原提交"),
        "actor": Field(schema={"type": "string"}, policy="server", zh="提交人"),
        "device": Field(schema={"type": "string"}, policy="server", zh="设备"),
        "grants": Field(schema={"type": "array"}, policy="server", zh="当时的岗位"),
        "captured_at": Field(schema={"type": "string"}, policy="server", zh="推定时间"),
        "flags": Field(schema={"type": "array"}, policy="server", zh="时间疑点"),
        "schema": Field(schema={"type": "integer"}, policy="server", zh="数据格式版本"),
        "decision": Field(schema={"type": "object"}, policy="server", zh="处理决定"),
        "open": Field(schema={"type": "boolean"}, policy="server", zh="待处理"),
        **_HOME,
    },
)


def conflict_body(
    earlier: Body | None,
    change: Change,
    author: Author,
    lost: dict[str, Lost],
    seqs: dict[str, int],
    why: str | None,
    seq: int,
) -> Body:
    """A new conflict, or an open one that this change's losing values join.

    `seqs` gives the entry that wrote each current value, so that who and when can be looked up;
    `seq` is the entry of this change.
    """
    body: Body = dict(earlier) if earlier else {"open": True}
    fields = dict(body.get("fields") or {})
    for name, value in lost.items():
        known = fields.get(name) or {"mode": value.mode, "candidates": []}
        overwritten = list(known.get("overwritten", ()))
        before = known.get("current")
        if before and before["value"] not in (value.current, *_offered(known)):
            overwritten.append(before)  # somebody's value that only this conflict still holds
        candidate = {
            "value": value.mine,
            "change": change.id,
            "actor": author.actor,
            "device": author.device,
            "at": change.at,
            "base": change.version,
            "why": why,
        }
        current = {"value": value.current, "seq": seqs.get(name, 0)}
        if value.mode == "stands":  # what shows is the author's; what it outranks is kept beside
            overwritten.append(current)
            current = {"value": value.mine, "seq": seq}
        fields[name] = {
            # A question outranks a note that an overwritten value was kept.
            "mode": "info" if {known["mode"], value.mode} == {"info"} else "review",
            "current": current,
            "candidates": [*known["candidates"], candidate],
            "overwritten": overwritten,
        }
    body.update(target=change.record, target_kind=change.kind.name, fields=fields, open=True)
    if why:
        body["why"] = why
    return body


def _offered(known: Body) -> list[Any]:
    return [candidate["value"] for candidate in known["candidates"]]


def readers(change: Change, author: Author, state: State | None, kinds: Mapping[str, Kind]) -> str:
    """The audience of parked work over the record as it stands: nobody who could not have read that. A
    decision that waits holds values of the record that it is about, and waits where work over that does.
    """
    about = (state.kind, state.body.get("target_kind", "")) if state else ()
    for name in (change.kind.name, *about):
        narrow = kinds[name].waits_in if name in kinds else None
        if narrow is not None:
            return narrow
    strict = {state.audience if state else "", change.audience}
    unknown = state is None and change.op != "create" and author.may.sees(STRICTEST)
    return STRICTEST if STRICTEST in strict or unknown else "office"


def parked_body(change: Change, author: Author, why: str, captured: Captured) -> Body:
    """The whole change, who sent it, what they held when it was done, and why it was not applied."""
    return {
        "target": change.record,
        "target_kind": change.kind.name,
        "why": why,
        "change": dict(change.raw),
        "actor": author.actor,
        "device": author.device,
        "grants": author.may.grants(captured.at),
        "captured_at": captured.at,
        "flags": list(captured.flags),
        **({} if change.schema is None else {"schema": change.schema}),
        **({"system": True} if author.system else {}),
        "open": True,
    }
