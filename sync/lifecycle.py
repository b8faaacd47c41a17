"""States and transitions of a kind of record, as data that reads like the regulation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Transition:
    """One permitted step: from any of `sources` to `target`, by any of the roles in `by`.

    `stamps` names server-kept fields that take the actor's id when the step is done.
    """

    sources: tuple[str, ...]
    target: str
    by: frozenset[str]
    stamps: tuple[str, ...] = ()


def transition(path: str, *, by: str, stamps: tuple[str, ...] = ()) -> Transition:
    """`transition("replied | reopened -> passed", by="inspector supervisor")`."""
    sources, target = path.split("->")
    return Transition(
        sources=tuple(s.strip() for s in sources.split("|")),
        target=target.strip(),
        by=frozenset(by.split()),
        stamps=stamps,
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

    def step(self, state: str, verb: str) -> Transition | None:
        """The transition `verb` if the present state allows it."""
        found = self.transitions.get(verb)
        return found if found and state in found.sources else None
