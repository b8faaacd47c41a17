"""法律保全: a record, or the whole dossier, is evidence in proceedings: nothing of it is erased meanwhile."""

from sync.lifecycle import Lifecycle, transition
from sync.record import instant, kind, reference, text

LIFECYCLE = Lifecycle(
    initial="held",
    states={"held": "保全中", "lifted": "已解除"},
    transitions={"lift": transition("held -> lifted", by="director", stamps="lifted_by", needs="note")},
)
HOLD = kind(
    "hold",
    zh="法律保全",
    audiences=("office", "confidential"),
    signed="author",
    lifecycle=LIFECYCLE,
    fields={
        "subject": reference(fixed=True, zh="保全的记录（空为整个案卷）"),
        "case_no": text(80, zh="案号"),
        "reason": text(1_000, least=1, required=True, fixed=True, zh="事由"),
        "held_at": instant(required=True, fixed=True, zh="保全时间"),
        "note": text(1_000, zh="解除说明"),
        "lifted_by": reference(policy="server", zh="解除人"),
    },
)
