"""The vectors that the web client reads too."""

import json
import re
from pathlib import Path
from typing import Any

import orjson
import pytest

from sync.canonical import NotCanonical, canonical, commitment, entry_hash, sha256
from sync.diff3 import merge_text
from sync.lifecycle import Lifecycle, Transition
from sync.merge import Written, merge
from sync.record import Field, Kind, kind

VECTORS = Path(__file__).resolve().parents[1] / "vectors"


def vectors(name: str) -> Any:
    return json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))


CANONICAL, MERGE = vectors("canonical"), vectors("merge")


@pytest.mark.parametrize("case", CANONICAL["accepted"], ids=lambda c: c["name"])
def test_canonical_bytes_and_hashes(case: dict[str, Any]) -> None:
    data = canonical(case["value"])
    assert data.decode() == case["text"]
    assert (sha256(data), entry_hash(data).hex()) == (case["sha256"], case["entry"])


@pytest.mark.parametrize("case", CANONICAL["refused"], ids=lambda c: c["name"])
def test_what_has_no_canonical_form(case: dict[str, Any]) -> None:
    with pytest.raises(NotCanonical):
        canonical(orjson.loads(case["json"]))


def test_commitments() -> None:
    for case in CANONICAL["commitments"]:
        assert commitment(bytes.fromhex(case["salt"]), case["payload"].encode()) == case["commitment"]


@pytest.mark.parametrize("case", vectors("text"), ids=lambda c: f"{c['current']}|{c['mine']}")
def test_texts(case: dict[str, Any]) -> None:
    assert merge_text(case["base"], case["current"], case["mine"]) == case["merged"]


def declared(said: dict[str, Any]) -> Kind:
    """A kind from its description in the vectors; any value passes its schema."""
    steps = said["lifecycle"]["transitions"].items()
    lifecycle = Lifecycle(
        initial=said["lifecycle"]["initial"],
        states=dict.fromkeys(said["lifecycle"]["states"], "态"),
        transitions={verb: Transition((s,), t, frozenset()) for verb, (s, t) in steps},
    )
    fields = {
        name: Field(schema={}, policy=f["policy"], group=f.get("group"), order=tuple(f.get("order", ())))
        for name, f in said["fields"].items()
    }
    return kind("thing", zh="物", fields=fields, lifecycle=lifecycle)


@pytest.mark.parametrize("case", MERGE["cases"], ids=lambda c: c["name"])
def test_merges(case: dict[str, Any]) -> None:
    written = Written(
        {n: w["seq"] for n, w in case["written"].items()},
        {n: w["device"] for n, w in case["written"].items()},
    )
    judged = merge(
        declared(MERGE["kind"]),
        case["body"],
        written,
        case["fields"],
        trunk=case["trunk"],
        device=case["device"],
        actor=case["actor"],
        at=case["at"],
        atomic=case.get("atomic", False),
        bases=case.get("bases"),
    )
    assert judged.status == case["status"]
    assert judged.after == case["after"]
    assert sorted(judged.lost) == case["lost"]


def test_every_file_is_read_on_either_side_as_the_readme_says() -> None:
    rows = re.findall(
        r"^\| `(\w+)\.json` \|.*\| `([^`]+\.py)`, `([^`]+\.ts)` \|$",
        (VECTORS / "README.md").read_text("utf-8"),
        re.MULTILINE,
    )
    assert sorted(name for name, *_ in rows) == sorted(path.stem for path in VECTORS.glob("*.json"))
    for name, *readers in rows:
        for reader in readers:
            text = (VECTORS.parents[1] / reader).read_text("utf-8")
            assert re.search(rf'\("{name}"\)|\b{name}\.json\b', text), f"{reader} does not read {name}.json"
