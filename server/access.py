"""Who may do what: one table, and one question: may the actor do this deed in this dossier.

Transitions are not listed here: each names its roles where it stands, in the kind's lifecycle.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar, cast

from sqlalchemy import and_, false, or_

from sync.change import Author
from sync.record import Kind

from .endpoint import Actor, Held
from .errors import Refusal
from .office import office
from .people.queries import SELF

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Connection, Select

    Q = TypeVar("Q", bound=Select[Any])

R = TypeVar("R")
# role → what it sees inside a dossier. ANY_PARTY is every firm's audience; PARTY the own firm's,
# for those who come for one.
ANY_PARTY, PARTY = "party:*", "party"
AUDIENCES: Mapping[str, tuple[str, ...]] = {
    "inspector": ("field", "office", "public", ANY_PARTY),
    "supervisor": ("field", "office", "confidential", "public", ANY_PARTY),
    "director": ("field", "office", "confidential", "public", ANY_PARTY),
    "contractor": ("public", PARTY),
    # 监理单位 and 建设单位: what the office says to any firm on their site, and what that answers.
    "supervision": ("public", ANY_PARTY),
    "client": ("public", ANY_PARTY),
    # 纪检/审计 reads everything and writes nothing.
    "auditor": ("field", "office", "confidential", "public", ANY_PARTY),
    "administrator": ("public",),
    SELF: ("field",),
}
# role → audiences it reads and does not write.
ONLY_READ: Mapping[str, tuple[str, ...]] = dict.fromkeys(("contractor", "supervision", "client"), ("public",))
# What the office's own dossier holds for everybody.
LAW = ("provision", "calendar", "template", "organisation")
# 公开: and plans that it has published, by their audience.
READ_LAW = {name: frozenset({"read"}) for name in (*LAW, "plan")}
_SUPERVISOR = {
    **READ_LAW,
    "organisation": frozenset({"read", "create", "update"}),
    "plan": frozenset({"read", "create", "update", "move", "delete", "undelete"}),
    "recusal": frozenset({"read", "create", "update", "delete", "undelete"}),
    "assignment": frozenset({"read", "create", "update", "move", "delete", "undelete"}),
    # A signature is never deleted; what is signed is withdrawn, or refused.
    "handover": frozenset({"read", "create", "update"}),
    "answer": frozenset({"read", "create", "update", "move", "delete", "undelete"}),
    "signature": frozenset({"read", "create", "update", "move", "delete", "undelete"}),
    "project": frozenset({"read", "create", "update"}),
    "inspection": frozenset({"read", "create", "update", "move", "delete", "undelete"}),
    "issue": frozenset({"read", "create", "update", "move", "delete", "undelete"}),
    "photo": frozenset({"read", "create", "update", "move", "delete", "undelete", "compare"}),
    "attachment": frozenset({"read", "create", "update", "move", "delete", "undelete"}),
    "markup": frozenset({"read", "create", "update", "move", "delete", "undelete"}),
    "comment": frozenset({"read", "create", "update", "move", "delete", "undelete"}),
    "reply": frozenset({"read", "create", "update", "move"}),
    "review": frozenset({"read", "create", "update", "move"}),
    "extension": frozenset({"read", "create", "update", "move"}),
    "pause": frozenset({"read", "create", "update", "move"}),
    "escalation": frozenset({"read"}),
    "notice": frozenset({"read", "create", "update"}),
    "block": frozenset({"read", "create", "update"}),
    "device_key": frozenset({"read"}),
    "conflict": frozenset({"read", "resolve"}),
    "parked": frozenset({"read", "resolve"}),
    "delivery": frozenset({"read"}),
    "erasure": frozenset({"read", "create", "update"}),
    "hold": frozenset({"read", "create", "update"}),
    "case": frozenset({"read"}),  # all of a dossier, or of one issue, out of the house (server/cases)
    "watch": frozenset({"read"}),
}
# Who stands by a firm's answer: the step itself (countersign) names these roles.
_BESIDE = {
    **READ_LAW,
    "project": frozenset({"read"}),
    "issue": frozenset({"read"}),
    "notice": frozenset({"read"}),
    "photo": frozenset({"read", "create"}),
    "attachment": frozenset({"read", "create"}),
    "markup": frozenset({"read"}),
    "comment": frozenset({"read", "create"}),
    "reply": frozenset({"read"}),
    "review": frozenset({"read"}),
    "extension": frozenset({"read"}),
    "pause": frozenset({"read"}),
    "escalation": frozenset({"read"}),
    "conflict": frozenset({"read"}),
}
# role → kind → verbs. domain.md §1.4; the system administrator holds no business data.
TABLE: Mapping[str, Mapping[str, frozenset[str]]] = {
    "inspector": {
        **READ_LAW,
        "recusal": frozenset({"read", "create"}),
        "project": frozenset({"read"}),
        "assignment": frozenset({"read"}),
        "handover": frozenset({"read", "create", "update"}),
        "inspection": frozenset({"read", "create", "update", "move", "delete"}),
        "answer": frozenset({"read", "create", "update", "move", "delete"}),
        "signature": frozenset({"read", "create", "update", "move", "delete"}),
        "issue": frozenset({"read", "create", "update", "move", "delete"}),
        "photo": frozenset({"read", "create", "update", "move", "delete"}),
        "attachment": frozenset({"read", "create", "update", "move", "delete"}),
        "markup": frozenset({"read", "create", "update", "move", "delete"}),
        "comment": frozenset({"read", "create", "update", "move", "delete"}),
        "reply": frozenset({"read", "create", "update", "move"}),
        "review": frozenset({"read", "create", "update", "move"}),
        "extension": frozenset({"read", "create", "move"}),
        "pause": frozenset({"read"}),
        "escalation": frozenset({"read"}),
        # A paper is voided and never deleted: its number stays accounted for.
        "notice": frozenset({"read", "create", "update"}),
        "block": frozenset({"read"}),
        "conflict": frozenset({"read", "resolve"}),
        "parked": frozenset({"read"}),
    },
    "supervisor": _SUPERVISOR,
    "director": _SUPERVISOR,  # what only a leader does, the steps themselves name
    "contractor": {
        **READ_LAW,
        "project": frozenset({"read"}),
        "issue": frozenset({"read"}),
        "notice": frozenset({"read"}),
        "photo": frozenset({"read", "create"}),
        "attachment": frozenset({"read", "create"}),
        "markup": frozenset({"read"}),
        "comment": frozenset({"read", "create"}),
        "reply": frozenset({"read", "create", "update"}),
        "review": frozenset({"read"}),
        "extension": frozenset({"read", "create"}),
        "pause": frozenset({"read"}),
        "escalation": frozenset({"read"}),
        "conflict": frozenset({"read"}),
    },
    "supervision": _BESIDE,
    "client": _BESIDE,
    "auditor": {kind: frozenset({"read"}) for kind in _SUPERVISOR},
    # The administrator keeps the house's rules, and holds no business data: their posts are in the
    # office's own dossier alone (people.actions.give_post).
    # They keep the channels, and so see every delivery's fate, but not what was said.
    "administrator": {
        **READ_LAW,
        **{name: frozenset({"read", "create", "update"}) for name in LAW},
        "conflict": frozenset({"read"}),  # over the law, which is public; others are in nobody's sight
        "delivery": frozenset({"read", "all"}),
        "person": frozenset({"read", "create", "update"}),
        "device": frozenset({"read", "create", "update"}),
    },
    SELF: {},
}
EXPIRED = "access-expired"
FACTORS = 2  # who keeps accounts and devices shows a password and something else
# Ends that say nothing against the person: what was done before them may be taken in by itself.
INNOCENT = (EXPIRED, "re-assigned")


def may(actor: Actor, verb: str, dossier: str) -> bool:
    """Whether the actor holds a role in the dossier that allows `kind.verb`, for instance
    `issue.read`, at this moment.
    """
    return bool(allowing(actor.held.get(dossier, ()), verb))


def administers(actor: Actor, verb: str) -> bool:
    """Whether the actor runs the house itself: a role in the office's own dossier allows them `verb`.

    Raises Refusal `second-factor-needed` where they signed in with a password alone.
    """
    if not may(actor, verb, office().config.office):
        return False
    if actor.factors < FACTORS and office().config.second_factor == "administrators":
        raise Refusal("second-factor-needed")
    return True


def may_have(actor: Actor, verb: str, dossier: str) -> bool:
    """As `may`, also by a role that has ended: bytes of late work are taken in, a reviewer decides."""
    return may(actor, verb, dossier) or bool(allowing(actor.formerly.get(dossier, ()), verb))


def allowing(posts: Iterable[Held], verb: str) -> list[Held]:
    """Those of these posts that allow `kind.verb`, each in what it sees."""
    kind, _, deed = verb.partition(".")
    return [post for post in posts if deed in TABLE[post.role].get(kind, ())]


def reads(posts: Iterable[Held], kind: str, audience: str) -> bool:
    """Whether one of these posts both reads the kind and sees the audience: what one post allows does
    not reach into what another sees.
    """
    return sees(audiences(allowing(posts, f"{kind}.read")), audience)


def in_office(actor: Actor) -> bool:
    """Whether the actor holds a post of the office itself, and does not come for a firm alone."""
    return any("office" in AUDIENCES[h.role] for posts in actor.held.values() for h in posts)


def may_read(actor: Actor, dossier: str, kind: str, audience: str) -> bool:
    """Whether the actor may read records of this kind and audience now."""
    return reads(actor.held.get(dossier, ()), kind, audience)


def lost_since(actor: Actor, verb: str, moment: str) -> bool:
    """Whether a post that allowed the verb has ended since that instant: what was gathered by it may hold
    what the actor sees no more.
    """
    gone = (post for posts in actor.formerly.values() for post in allowing(posts, verb))
    return any((post.until or "") > moment for post in gone)


def where(actor: Actor, verb: str) -> frozenset[str]:
    """The dossiers in which the actor may do `verb`."""
    return frozenset(d for d in actor.held if may(actor, verb, d))


def audiences(held: Iterable[Held]) -> frozenset[str]:
    """What these roles see in their dossier; may hold ANY_PARTY."""
    seen: set[str] = set()
    for post in held:
        for name in AUDIENCES[post.role]:
            if name != PARTY:
                seen.add(name)
            elif post.firm:
                seen.add(f"party:{post.firm}")
    return frozenset(seen)


def sees(seen: frozenset[str], audience: str) -> bool:
    """Whether `audience` is among what is seen."""
    return audience in seen or (ANY_PARTY in seen and audience.startswith("party:"))


def granted(actor: Actor, conn: "Connection") -> dict[str, list[str]]:
    """Every dossier and audience that the actor may read now, firms' audiences by name.

    At most one statement.
    """
    held = {d: audiences(posts) for d, posts in actor.held.items()}
    wide = [d for d, seen in held.items() if ANY_PARTY in seen]
    parties = office().journal.audiences(conn, wide) if wide else {}
    found = {
        d: sorted({a for a in parties.get(d, ()) if sees(seen, a)} | (seen - {ANY_PARTY}))
        for d, seen in held.items()
    }
    return {d: seen for d, seen in found.items() if seen}


@dataclass(frozen=True, slots=True)
class DossierMay:
    """sync's question inside one dossier, answered from the roles held there (or held once).

    `grace`: how long after an innocent end, what was done before it is taken in by itself.
    """

    held: tuple[Held, ...]
    formerly: tuple[Held, ...]
    kinds: Mapping[str, Kind]
    now: datetime
    grace: timedelta

    def sees(self, audience: str) -> bool:
        """Whether records of this audience exist for the actor."""
        return sees(audiences((*self.held, *self.formerly)), audience)

    def refusal(self, kind: str, verb: str, audience: str, at: str) -> str | None:
        """Where only a former role allowed it: the code of why it ended, so that the work is parked
        and not lost; None where it was done in time and comes soon enough.
        """
        if self._allowing(self.held, kind, verb, audience):
            return None
        former = self._allowing(self.formerly, kind, verb, audience)
        if any(self._in_time(post, at) for post in former):
            return None
        newest = max(former, key=lambda post: post.until or "", default=None)
        return "not-permitted" if newest is None else newest.ended or EXPIRED

    def grants(self, at: str) -> list[dict[str, Any]]:
        """The posts that the actor held here at that moment."""
        return [
            {"role": p.role, "firm": p.firm, "since": p.since, "until": p.until, "ended": p.ended}
            for p in (*self.held, *self.formerly)
            if p.since <= at and (p.until is None or at < p.until)
        ]

    def allowed(self, grants: "Sequence[Mapping[str, Any]]", kind: str, verb: str, audience: str) -> bool:
        """Whether one of these posts, as `grants` told them, would allow it."""
        posts = [Held(g["role"], g["firm"], g["since"]) for g in grants if g["role"] in TABLE]
        return bool(self._allowing(posts, kind, verb, audience))

    def late(self, ended_at: str) -> bool:
        """Whether what was done before `ended_at` still comes soon enough."""
        return self.now <= datetime.fromisoformat(ended_at) + self.grace

    def _in_time(self, post: Held, at: str) -> bool:
        until = post.until or ""
        innocent = (post.ended or EXPIRED) in INNOCENT
        return innocent and post.since <= at < until and self.late(until)

    def _allowing(self, posts: "Sequence[Held]", kind: str, verb: str, audience: str) -> list[Held]:
        """Those of these posts that both reach the audience and allow the verb."""
        lifecycle = self.kinds[kind].lifecycle
        step = lifecycle.transitions.get(verb) if lifecycle else None
        found = []
        for post in posts:
            if audience in ONLY_READ.get(post.role, ()) or not sees(audiences([post]), audience):
                continue
            allowed = TABLE[post.role].get(kind, frozenset())
            if post.role in step.by if step else verb in allowed:
                found.append(post)
        return found


def in_dossier(actor: Actor, dossier: str, kinds: Mapping[str, Kind]) -> DossierMay | None:
    """The actor's rights in a dossier; None where there were never any: foreign is absent."""
    held, formerly = actor.held.get(dossier, ()), actor.formerly.get(dossier, ())
    if all(post.role == SELF for post in (*held, *formerly)):
        return None  # one's own dossier is written by the system alone
    here = office()
    grace = timedelta(hours=here.config.late_work_hours)
    return DossierMay(held, formerly, kinds, here.clock(), grace)


class SystemMay:
    """The system's own changes: computed fields, receipts of bytes."""

    def sees(self, audience: str) -> bool:  # noqa: ARG002
        """Everything."""
        return True

    def refusal(self, kind: str, verb: str, audience: str, at: str) -> None:
        """Nothing is refused."""

    def grants(self, at: str) -> list[dict[str, Any]]:  # noqa: ARG002
        """It holds no posts."""
        return []

    def allowed(self, grants: Any, kind: str, verb: str, audience: str) -> bool:  # noqa: ARG002
        """It needs none."""
        return True

    def late(self, ended_at: str) -> bool:  # noqa: ARG002
        """It is never late."""
        return True


# Who makes the house's own changes: computed fields, jobs, what follows from a step.
SYSTEM = Author(actor="system", device="server", may=SystemMay(), system=True)


def visible(actor: Actor, verb: str, dossier: Any, audience: Any) -> "ColumnElement[bool]":
    """The condition that keeps a list to rows the actor may see: dossier and audience together.

    Dossiers in which the actor sees the same audiences share one term, so the condition stays
    short however many there are.
    """
    alike: dict[frozenset[str], list[str]] = {}
    for name in where(actor, verb):
        alike.setdefault(audiences(allowing(actor.held[name], verb)), []).append(name)
    terms = []
    for seen, dossiers in alike.items():
        named = audience.in_(sorted(seen - {ANY_PARTY}))
        any_party = audience.startswith("party:") if ANY_PARTY in seen else false()
        terms.append(and_(dossier.in_(sorted(dossiers)), or_(named, any_party)))
    return or_(false(), *terms)


def under(query: "Q", columns: Any, record: str, dossier: str | None) -> "Q":
    """The query for what bears this id, in the dossier that is named; ids are unique inside one only."""
    query = query.where(columns.id == record).limit(2)
    return query if dossier is None else query.where(columns.dossier == dossier)


def only(rows: "Sequence[R]") -> R:
    """The one row `under` an id that the actor may see.

    Raises Refusal `not-found`, `ambiguous` where two dossiers have this id and none was named.
    """
    if not rows:
        raise Refusal("not-found")
    if len(rows) > 1:
        raise Refusal("ambiguous", dossiers=sorted(cast(Any, row).dossier for row in rows))
    return rows[0]
