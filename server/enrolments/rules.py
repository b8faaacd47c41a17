"""What is noted of a device that has come to its end, and which of several notes is the last word."""

from collections.abc import Iterable, Mapping
from typing import Any

# What its end says of a device, and what a restored row is given again.
ENDS = ("wipe", "wipe_at", "push_first", "revoked_at", "wiped_at", "unsent")
STAGES = ("ordered", "revoked", "wiped")  # in this order; each is said once


def fact(device: Any) -> dict[str, Any]:
    """The end of a device as its row says it; by its key, which nobody else ever has."""
    return {"device": device.id, "key": device.key} | {name: getattr(device, name) for name in ENDS}


def stage(told: Mapping[str, Any]) -> str:
    """How far the end has come: a code of STAGES."""
    return "wiped" if told["wiped_at"] else "revoked" if told["revoked_at"] else "ordered"


def fact_name(told: Mapping[str, Any]) -> str:
    """Under which name it rests: a later stage beside the earlier one, for nothing there is replaced."""
    return f"{told['key']}-{stage(told)}"


def latest(noted: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Of each device the note that came last."""
    found: dict[str, Mapping[str, Any]] = {}
    for told in sorted(noted, key=lambda one: STAGES.index(stage(one))):
        found[told["key"]] = told
    return list(found.values())
