"""删除申请: contents of one record that are to go, on a ground of the law; a leader decides (PIPL art. 47).

What goes is what the record's kind declares personal, and the fields named beside; with `whole`, all
that was ever written of it, and a photograph's bytes.
"""

from sync.lifecycle import Lifecycle, transition
from sync.record import Body, choice, flag, instant, kind, reference, tags, text

# PIPL art. 47 (1) to (5).
GROUNDS = {
    "achieved": "处理目的已实现、无法实现或不再必要",
    "ended": "停止提供服务或保存期限届满",
    "withdrawn": "个人撤回同意",
    "unlawful": "违法或违约处理",
    "law": "法律、行政法规规定的其他情形",
}
# Art. 44, 45 and 49: the person, near relatives of the dead; or nobody asked and the office must.
ASKERS = {"person": "本人", "relative": "近亲属", "office": "依职权", "court": "司法机关"}


def objection(verb: str, body: Body, actor: str) -> str | None:
    """Nobody grants their own request."""
    return "same-person" if verb == "grant" and body.get("author") == actor else None


LIFECYCLE = Lifecycle(
    initial="asked",
    states={"asked": "待批", "granted": "已批准", "refused": "不予删除", "done": "已删除"},
    transitions={
        "grant": transition("asked -> granted", by="director", stamps="decided_by"),
        "refuse": transition("asked -> refused", by="director", stamps="decided_by", needs="note"),
        "finish": transition("granted -> done", by="", times="done_at"),
    },
)
ERASURE = kind(
    "erasure",
    zh="删除申请",
    audiences=("office", "confidential"),
    signed="author",
    objection=objection,
    lifecycle=LIFECYCLE,
    fields={
        "subject": reference(required=True, fixed=True, zh="所删记录"),
        "names": tags(fixed=True, zh="另删字段"),
        "whole": flag(required=True, fixed=True, zh="整条删除"),
        "ground": choice(*GROUNDS, required=True, fixed=True, zh="法定情形"),
        "asked_by": choice(*ASKERS, required=True, fixed=True, zh="申请人"),
        "asked_at": instant(required=True, fixed=True, zh="申请时间"),
        "reason": text(1_000, least=1, required=True, zh="理由"),
        "note": text(1_000, zh="批复意见"),
        "decided_by": reference(policy="server", zh="批复人"),
        "done_at": instant(policy="server", zh="删除时间"),
    },
)
