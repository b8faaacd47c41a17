"""Subscribe, change the secret, send again from a cursor, end."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import orjson
from sqlalchemy import Connection, delete, func, select, update

from server.errors import Refusal
from server.office import office
from server.outgoing import Forbidden, Target, Unreachable
from server.sealing import new_secret
from server.transaction import writing
from sync import bulk
from sync.arrival import rfc3339

from . import queries
from .queries import s, w
from .rules import MOST, OVERLAP_HOURS


def subscribe(
    owner: str,
    url: str,
    *,
    kinds: Sequence[str] | None = None,
    dossiers: Sequence[str] | None = None,
    from_start: bool = False,
) -> dict[str, Any]:
    """A subscription for a person, told from now on (`from_start`: everything there is): its id and its
    secret, which is shown this once.

    Raises Refusal `forbidden-address`, `unknown-dossier`, `too-many-webhooks`, `malformed`.
    """
    here = office()
    unknown = sorted(set(kinds or ()) - set(here.journal.kinds))
    if unknown:
        raise Refusal("malformed", "There is no such kind of record.", kinds=unknown)
    try:
        here.outgoing.check(url)
    except Forbidden as wrong:
        raise Refusal("forbidden-address", why=wrong.why) from None
    except Unreachable:
        pass  # a name that is not known yet
    secret, now = new_secret(), rfc3339(here.clock())
    row = {
        "id": here.new_id(),
        "owner": owner,
        "url": here.seal.close(url),
        "host": Target.of(url).host,
        "secret": here.seal.close(secret),
        "kinds": None if kinds is None else orjson.dumps(sorted(set(kinds))).decode(),
        "dossiers": None if dossiers is None else orjson.dumps(sorted(set(dossiers))).decode(),
        "active": True,
        "made_at": now,
        "attempts": 0,
        "next_at": now,
    }
    with writing() as conn:
        if (conn.scalar(select(func.count()).where(w.c.owner == owner)) or 0) >= MOST:
            raise Refusal("too-many-webhooks", most=MOST)
        conn.execute(w.insert().values(row))
        made = queries.one(conn, str(row["id"]))
        covered = queries.covered(conn, made)
        if set(dossiers or ()) - set(covered):
            raise Refusal("unknown-dossier")
        if not from_start:
            heads = here.journal.heads(conn, covered)
            bulk.insert(conn, s, [(d, made.id, head.seq, None, now, None, None) for d, head in heads.items()])
    return {"id": made.id, "secret": secret}


def rotate(webhook: str, owner: str | None = None, *, overlap_hours: int = OVERLAP_HOURS) -> dict[str, Any]:
    """A new secret, shown this once; the old one signs beside it for `overlap_hours`.

    Raises Refusal `not-found`.
    """
    here = office()
    secret = new_secret()
    until = rfc3339(here.clock() + timedelta(hours=overlap_hours))
    with writing() as conn:
        old = queries.one(conn, webhook, owner)
        said = {"secret": here.seal.close(secret), "old_secret": old.secret, "old_until": until}
        conn.execute(update(w).where(w.c.id == webhook).values(said))
    return {"id": webhook, "secret": secret, "old_until": until}


def resend(
    webhook: str, owner: str | None = None, *, dossier: str | None = None, after: int | None = None
) -> None:
    """Go on at once, switched on again if it was off; with `dossier` and `after`, again from the entry
    after that seq. Raises Refusal `not-found`, `unknown-dossier`.
    """
    now = rfc3339(office().clock())
    with writing() as conn:
        found = queries.one(conn, webhook, owner)
        if dossier is not None and after is not None:
            if dossier not in queries.covered(conn, found):
                raise Refusal("unknown-dossier")
            bulk.upsert(conn, s, [(dossier, webhook, after, None, now, None, None)])
        conn.execute(update(s).where(s.c.webhook == webhook).values(failing_since=None))
        again = {"active": True, "why": None, "attempts": 0, "next_at": now}
        conn.execute(update(w).where(w.c.id == webhook).values(again))


def end(webhook: str, owner: str | None = None) -> None:
    """No more of it: the row goes, with its secrets. Raises Refusal `not-found`."""
    with writing() as conn:
        queries.one(conn, webhook, owner)
        _remove(conn, webhook)


def _remove(conn: Connection, webhook: str) -> None:
    conn.execute(delete(s).where(s.c.webhook == webhook))
    conn.execute(delete(w).where(w.c.id == webhook))
