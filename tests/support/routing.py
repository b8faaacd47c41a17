"""Each route's address is compiled once a process, not once an application."""

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule


def remember_addresses() -> None:
    """Let applications share what werkzeug compiles for building a route's address.

    It compiles two functions a route, 0.1 s an application of ours, and nearly every test has an
    application of its own. The functions reach their converters through the rule that calls them, so rules
    of the same text can share them.
    """
    compile_builder = Rule._compile_builder
    known: dict[tuple[Any, ...], Callable[..., tuple[str, str]]] = {}

    def once(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        key = (rule.rule, repr(rule.defaults), tuple(rule._trace), append_unknown)
        if key not in known:
            known[key] = compile_builder(rule, append_unknown)
        return known[key]

    Rule._compile_builder = once  # type: ignore[method-assign]
