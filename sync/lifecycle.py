"""States and transitions of a kind of record, as data that reads like the regulation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Transition:
    """One permitted step: from any of `sources` to `target`, by any of the roles in `by`.

    `stamps` names server-kept fields that take the actor's id when the step is done, `times` those
    that take its time; without the fields in `needs` it is not done.
    """

    sources: tuple[str, ...]
    target: str
    by: frozenset[str]
    stamps: tuple[str, ...] = ()
    times: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


def transition(path: str, *, by: str, stamps: str = "", times: str = "", needs: str = "") -> Transition:
    """`transition("replied | failed -> passed", by="inspector supervisor", stamps="passed_by")`;
    several names stand with spaces between them.
    """
    sources, target = path.split("->")
    return Transition(
        sources=tuple(s.strip() for s in sources.split("|")),
        target=target.strip(),
        by=frozenset(by.split()),
        stamps=tuple(stamps.split()),
        times=tuple(times.split()),
        needs=tuple(needs.split()),
    )


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """The states of a kind (code → Chinese word), where it begins, and its transitions by verb."""

    initial: str
    states: Mapping[str, str]
    transitions: Mapping[str, Transition] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        known = set(self.states)
        for verb, step in self.transitions.items():
            missing = {*step.sources, step.target} - known
            if missing:
                raise ValueError(f"{verb}: unknown state {sorted(missing)}")
        if self.initial not in known:
            raise ValueError(f"unknown initial state {self.initial}")

    def names(self) -> set[str]:
        """The fields that the transitions name."""
        steps = self.transitions.values()
        return {name for step in steps for name in (*step.stamps, *step.times, *step.needs)}

    def step(self, state: str, verb: str) -> Transition | None:
        """The transition `verb` if the present state allows it."""
        found = self.transitions.get(verb)
        return found if found and state in found.sources else None
