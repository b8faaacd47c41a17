"""Who may do what: one table and one question, may(actor, verb, dossier, at)?

Transitions are not listed here: each names its roles where it stands, in the kind's lifecycle.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, false, or_

from sync.record import Kind

from .endpoint import Actor, Held
from .people.queries import firms_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement

# role → what it sees inside a dossier; `party` is the own firm for those who come for one.
AUDIENCES: Mapping[str, tuple[str, ...]] = {
    "inspector": ("field", "office", "public", "parties"),
    "supervisor": ("field", "office", "confidential", "public", "parties"),
    "contractor": ("public", "party"),
    "administrator": (),
}
# role → kind → verbs. domain.md §1.4; the system administrator holds no business data.
TABLE: Mapping[str, Mapping[str, frozenset[str]]] = {
    "inspector": {
        "project": frozenset({"read"}),
        "inspection": frozenset({"read", "create", "update", "delete"}),
        "issue": frozenset({"read", "create", "update", "delete"}),
        "photo": frozenset({"read", "create", "update", "delete"}),
        "comment": frozenset({"read", "create", "update", "delete"}),
        "conflict": frozenset({"read"}),
        "parked": frozenset({"read"}),
    },
    "supervisor": {
        "project": frozenset({"read", "create", "update"}),
        "inspection": frozenset({"read", "create", "update", "delete"}),
        "issue": frozenset({"read", "create", "update", "delete"}),
        "photo": frozenset({"read", "create", "update", "delete"}),
        "comment": frozenset({"read", "create", "update", "delete"}),
        "conflict": frozenset({"read"}),
        "parked": frozenset({"read"}),
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


def where(actor: Actor, verb: str) -> frozenset[str]:
    """The dossiers in which the actor may do `verb`."""
    return frozenset(d for d in actor.held if may(actor, verb, d))


def audiences(held: Iterable[Held], firms: Iterable[str]) -> frozenset[str]:
    """What these roles see in a dossier whose parties are `firms`."""
    seen: set[str] = set()
    for post in held:
        for name in AUDIENCES[post.role]:
            if name == "parties":
                seen.update(f"party:{firm}" for firm in firms)
            elif name == "party":
                if post.firm:
                    seen.add(f"party:{post.firm}")
            else:
                seen.add(name)
    return frozenset(seen)


def granted(actor: Actor) -> dict[str, list[str]]:
    """Every dossier and audience that the actor may read now. One statement."""
    firms = firms_of(actor.held)
    found = {d: sorted(audiences(held, firms.get(d, ()))) for d, held in actor.held.items()}
    return {d: seen for d, seen in found.items() if seen}


@dataclass(frozen=True, slots=True)
class DossierMay:
    """sync's question inside one dossier, answered from the roles held there (or held once)."""

    held: tuple[Held, ...]
    formerly: tuple[Held, ...]
    seen: frozenset[str]
    kinds: Mapping[str, Kind]

    def sees(self, audience: str) -> bool:
        """Whether records of this audience exist for the actor."""
        return audience in self.seen

    def refusal(self, kind: str, verb: str, audience: str, at: str) -> str | None:  # noqa: ARG002
        """`access-revoked` where only a former role allowed it: the work is parked, not lost."""
        if audience in self.seen and self._allows(self.held, kind, verb):
            return None
        if self._allows(self.formerly, kind, verb):
            return "access-revoked"
        return "not-permitted"

    def _allows(self, held: "Sequence[Held]", kind: str, verb: str) -> bool:
        lifecycle = self.kinds[kind].lifecycle
        step = lifecycle.transitions.get(verb) if lifecycle else None
        if step is not None:
            return any(h.role in step.by for h in held)
        return any(verb in TABLE[h.role].get(kind, ()) for h in held)


def in_dossier(actor: Actor, dossier: str, kinds: Mapping[str, Kind]) -> DossierMay | None:
    """The actor's rights in a dossier; None where there were never any: foreign is absent."""
    held, formerly = actor.held.get(dossier, ()), actor.formerly.get(dossier, ())
    if not held and not formerly:
        return None
    firms = firms_of([dossier]).get(dossier, set())
    seen = audiences([*held, *formerly], firms)
    return DossierMay(held, formerly, seen, kinds)


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
    seen = granted(actor)
    alike: dict[tuple[str, ...], list[str]] = {}
    for name in where(actor, verb):
        alike.setdefault(tuple(seen.get(name, ())), []).append(name)
    terms = [and_(dossier.in_(sorted(d)), audience.in_(a)) for a, d in alike.items() if a]
    return or_(false(), *terms)
