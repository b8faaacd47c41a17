"""A fault put into the running code: a line of a function made wrong while a world runs."""

import importlib
import inspect
import textwrap
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import FunctionType

from .house import HouseWorld
from .transport import Chances
from .world import STEPS, WEIGHTS, World, run


@dataclass(frozen=True)
class Edit:
    """In the function `where` (module:name; of sync if no package is named) `right` becomes `wrong`."""

    where: str
    right: str
    wrong: str

    def function(self) -> FunctionType:
        """The function as it stands in the engine."""
        module, _, path = self.where.partition(":")
        found = importlib.import_module(module if "." in module else f"sync.{module}")
        for name in path.split("."):
            if not hasattr(found, name):
                raise LookupError(f"{self.where} is gone: bring the fault up to date")
            found = getattr(found, name)
        found = found.fget if isinstance(found, property) else found
        found = inspect.unwrap(found)  # type: ignore[arg-type]
        assert isinstance(found, FunctionType), self.where
        return found

    def mutated(self) -> FunctionType:
        """The function with the fault in it. Raises LookupError where the engine has changed."""
        function = self.function()
        source = inspect.getsource(function)
        if source.count(self.right) != 1:
            raise LookupError(f"{self.where} does not say {self.right!r} once: bring the fault up to date")
        made: dict[str, object] = {}
        faulty = textwrap.dedent(source.replace(self.right, self.wrong))
        exec(faulty, function.__globals__ | {"__name__": "fault"}, made)
        named = made[function.__name__]
        found = inspect.unwrap(named.fget if isinstance(named, property) else named)  # type: ignore[arg-type]
        assert isinstance(found, FunctionType)
        return found

    @contextmanager
    def injected(self) -> Iterator[None]:
        """The fault is in force; every reference to the function has it."""
        function = self.function()
        right = function.__code__
        function.__code__ = self.mutated().__code__
        try:
            yield
        finally:
            function.__code__ = right


@dataclass(frozen=True)
class Fault:
    """One or more edits. `budget` is how many seeds may pass before one must have caught it."""

    edits: tuple[Edit, ...]
    budget: int
    weights: Mapping[str, float] | None = None  # the usual ones
    chances: Chances | None = None
    house: bool = False  # the whole house has it, not the engine alone

    def noticed(self, before: Iterable[int] = ()) -> tuple[int, str] | None:
        """The first seed that catches it and what it says; seeds that caught it `before` go first.

        Those count like any other: what they say must come of the fault and of nothing else.
        """
        for seed in dict.fromkeys([*before, *range(self.budget)]):
            said = self.caught(seed)
            if said is not None:
                return seed, said
        return None

    @contextmanager
    def injected(self) -> Iterator[None]:
        """All edits are in force."""
        with ExitStack() as stack:
            for edit in self.edits:
                stack.enter_context(edit.injected())
            yield

    def caught(self, seed: int) -> str | None:
        """What the checks say with the fault, unless they say something without it as well."""
        with self.injected():
            said = attempt(seed, self.weights, self.chances, house=self.house)
        if said and attempt(seed, self.weights, self.chances, house=self.house) is None:
            return said
        return None


def attempt(
    seed: int,
    weights: Mapping[str, float] | None = None,
    chances: Chances | None = None,
    *,
    house: bool = False,
) -> str | None:
    """One run; what it failed by, or None."""
    try:
        run(seed, STEPS, weights or WEIGHTS, chances, HouseWorld if house else World)
    except Exception as wrong:
        last = traceback.extract_tb(wrong.__traceback__)[-1]
        said = str(wrong).split("\n")[0]
        return said if isinstance(wrong, AssertionError) else f"{type(wrong).__name__} in {last.name}: {said}"
    return None
