"""Who may do what: one table, and one question: may the actor do this deed in this dossier.

Transitions are not listed here: each names its roles where it stands, in the kind's lifecycle.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, false, or_

from sync.record import Kind

from .endpoint import Actor, Held
from .office import office

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Connection

# role → what it sees inside a dossier. ANY_PARTY is every firm's audience; PARTY the own firm's,
# for those who come for one.
ANY_PARTY, PARTY = "party:*", "party"
AUDIENCES: Mapping[str, tuple[str, ...]] = {
    "inspector": ("field", "office", "public", ANY_PARTY),
    "supervisor": ("field", "office", "confidential", "public", ANY_PARTY),
    "contractor": ("public", PARTY),
    "administrator": (),
}
# role → audiences it reads and does not write.
ONLY_READ: Mapping[str, tuple[str, ...]] = {"contractor": ("public",)}
# role → kind → verbs. domain.md §1.4; the system administrator holds no business data.
TABLE: Mapping[str, Mapping[str, frozenset[str]]] = {
    "inspector": {
        "project": frozenset({"read"}),
        "inspection": frozenset({"read", "create", "update", "move", "delete"}),
        "issue": frozenset({"read", "create", "update", "move", "delete"}),
        "photo": frozenset({"read", "create", "update", "move", "delete"}),
        "comment": frozenset({"read", "create", "update", "move", "delete"}),
        "conflict": frozenset({"read", "resolve"}),
        "parked": frozenset({"read"}),
    },
    "supervisor": {
        "project": frozenset({"read", "create", "update"}),
        "inspection": frozenset({"read", "create", "update", "move", "delete", "undelete"}),
        "issue": frozenset({"read", "create", "update", "move", "delete", "undelete"}),
        "photo": frozenset({"read", "create", "update", "move", "delete", "undelete"}),
        "comment": frozenset({"read", "create", "update", "move", "delete", "undelete"}),
        "conflict": frozenset({"read", "resolve"}),
        "parked": frozenset({"read", "resolve"}),
    },
    "contractor": {
        "project": frozenset({"read"}),
        "issue": frozenset({"read"}),
        "photo": frozenset({"read", "create"}),
        "comment": frozenset({"read", "create"}),
        "conflict": frozenset({"read"}),
    },
    "administrator": {},
}


def may(actor: Actor, verb: str, dossier: str) -> bool:
    """Whether the actor holds a role in the dossier that allows `kind.verb`, for instance
    `issue.read`, at this moment.
    """
    kind, _, deed = verb.partition(".")
    return any(deed in TABLE[h.role].get(kind, ()) for h in actor.held.get(dossier, ()))


def may_have(actor: Actor, verb: str, dossier: str) -> bool:
    """As `may`, also by a role that has ended: bytes of late work are taken in, a reviewer decides."""
    kind, _, deed = verb.partition(".")
    posts = (*actor.held.get(dossier, ()), *actor.formerly.get(dossier, ()))
    return any(deed in TABLE[h.role].get(kind, ()) for h in posts)


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
    """sync's question inside one dossier, answered from the roles held there (or held once)."""

    held: tuple[Held, ...]
    formerly: tuple[Held, ...]
    kinds: Mapping[str, Kind]

    def sees(self, audience: str) -> bool:
        """Whether records of this audience exist for the actor."""
        return sees(audiences((*self.held, *self.formerly)), audience)

    def refusal(self, kind: str, verb: str, audience: str, at: str) -> str | None:  # noqa: ARG002
        """`access-revoked` where only a former role allowed it: the work is parked, not lost."""
        if self._allows(self.held, kind, verb, audience):
            return None
        if self._allows(self.formerly, kind, verb, audience):
            return "access-revoked"
        return "not-permitted"

    def _allows(self, held: "Sequence[Held]", kind: str, verb: str, audience: str) -> bool:
        """Whether one of these posts both reaches the audience and allows the verb."""
        lifecycle = self.kinds[kind].lifecycle
        step = lifecycle.transitions.get(verb) if lifecycle else None
        for post in held:
            if audience in ONLY_READ.get(post.role, ()) or not sees(audiences([post]), audience):
                continue
            allowed = TABLE[post.role].get(kind, frozenset())
            if post.role in step.by if step else verb in allowed:
                return True
        return False


def in_dossier(actor: Actor, dossier: str, kinds: Mapping[str, Kind]) -> DossierMay | None:
    """The actor's rights in a dossier; None where there were never any: foreign is absent."""
    held, formerly = actor.held.get(dossier, ()), actor.formerly.get(dossier, ())
    if not held and not formerly:
        return None
    return DossierMay(held, formerly, kinds)


class SystemMay:
    """The system's own changes: computed fields, receipts of bytes."""

    def sees(self, audience: str) -> bool:  # noqa: ARG002
        """Everything."""
        return True

    def refusal(self, kind: str, verb: str, audience: str, at: str) -> None:
        """Nothing is refused."""


def visible(actor: Actor, verb: str, dossier: Any, audience: Any) -> "ColumnElement[bool]":
    """The condition that keeps a list to rows the actor may see: dossier and audience together.

    Dossiers in which the actor sees the same audiences share one term, so the condition stays
    short however many there are.
    """
    alike: dict[frozenset[str], list[str]] = {}
    for name in where(actor, verb):
        alike.setdefault(audiences(actor.held[name]), []).append(name)
    terms = []
    for seen, dossiers in alike.items():
        named = audience.in_(sorted(seen - {ANY_PARTY}))
        any_party = audience.startswith("party:") if ANY_PARTY in seen else false()
        terms.append(and_(dossier.in_(sorted(dossiers)), or_(named, any_party)))
    return or_(false(), *terms)
