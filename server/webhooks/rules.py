"""What a subscriber sees of a change."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from server import access
from server.endpoint import Held
from sync.followers import Deed, derived

ITEMS = 100  # entries in one message
MOST = 10  # subscriptions of one person
# A receiver that is down over a long weekend is not switched off.
GIVES_UP = timedelta(days=5)
OVERLAP_HOURS = 24  # both secrets sign so long after a rotation


def message_id(webhook: str, dossier: str, after: int, upto: int) -> str:
    """The id of the message that tells a stretch of a dossier: the same at every repetition."""
    return f"msg_{derived(webhook, dossier, after, upto)}"


def item(deed: Deed, posts: Sequence[Held], kinds: Sequence[str] | None) -> dict[str, Any] | None:
    """A change as a subscriber with these posts may see it now; None where it is none of theirs.

    What was changed and the body are of records that may be read now: who lost sight of a record gets
    no more of its past either. The body stands in the record's latest entry alone; an earlier one says
    by which seq it is superseded. A record that left the subscriber's audience is told as `leave`.
    """
    said = deed.header
    kind, record = said["kind"], deed.record
    if kinds is not None and kind not in kinds:
        return None
    left = said.get("left")
    if not _sent(posts, kind, said["audience"]):
        return _told(said, "leave") if left and _sent(posts, kind, left) else None
    told = _told(said, "delete" if said["op"] == "delete" else "put")
    if record is None or not _sent(posts, kind, record.audience):
        return told
    told["changed"] = deed.after
    if record.version == said["seq"]:
        told["body"] = None if record.deleted else record.body
    else:
        told["superseded_by"] = record.version
    return told


def _sent(posts: Sequence[Held], kind: str, audience: str) -> bool:
    return audience not in access.INDOORS and access.reads(posts, kind, audience)


def _told(said: Mapping[str, Any], op: str) -> dict[str, Any]:
    return {
        "dossier": said["dossier"],
        "epoch": said["epoch"],
        "seq": said["seq"],
        "kind": said["kind"],
        "record": said["record"],
        "version": said["seq"],
        "op": op,
        "change": said["op"],
        "status": said["status"],
        "actor": said["actor"],
        "captured_at": said["captured_at"],
        "received_at": said["received_at"],
        "changed": None,
        "body": None,
        "superseded_by": None,
    }
