"""web/sync by itself: its own tests, its types, and what it knows of the house."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from server import openapi
from server.inspections.actions.checklists import given as checklist
from server.inspections.rules import Grading, score, shown
from tests.web.node import WEB, node

VECTORS = Path(__file__).resolve().parents[1] / "vectors"
SCORES: dict[str, Any] = json.loads((VECTORS / "score.json").read_text("utf-8"))
LONGEST_MODULE = 400
OURS = sorted(
    path
    for room in ("sync", "drawing", "phone")
    for path in (WEB / room).rglob("*")
    if path.suffix in (".ts", ".tsx", ".js") and path.name != "api.ts"
)


def test_its_own_tests_pass() -> None:
    done = node("--test", *sorted(str(path) for path in WEB.glob("[ds]*/tests/*.test.ts")))
    told = done.stdout + done.stderr
    assert done.returncode == 0, told[-6_000:]
    passed = next(line for line in told.splitlines() if " pass " in f" {line} ")
    assert int(passed.split()[-1]) > 50, passed


def test_its_types_are_checked() -> None:
    done = node("node_modules/@typescript/native/bin/tsc", "--noEmit", "-p", ".")
    assert done.returncode == 0, done.stdout


def test_its_types_are_those_of_openapi(tmp_path: Path) -> None:
    written = tmp_path / "api.ts"
    done = node("node_modules/openapi-typescript/bin/cli.js", "../openapi.yaml", "-o", str(written))
    assert done.returncode == 0, done.stderr
    assert written.read_text("utf-8") == (WEB / "sync" / "api.ts").read_text("utf-8"), "run `make openapi`"


def test_its_kinds_are_those_of_the_catalogue() -> None:
    assert (WEB / "sync" / "kinds.json").read_text("utf-8") == openapi.kinds_text(), "run `make openapi`"


@pytest.mark.parametrize("case", SCORES["cases"], ids=lambda case: case["name"])
def test_a_score_is_the_servers(case: dict[str, Any]) -> None:
    """The vectors that web/sync reads say what the server computes."""
    found = score(
        case["answers"],
        {"sections": SCORES["sections"]},
        Grading.of(SCORES["grading"]) if case["graded"] else None,
    )
    told = {
        "total": None if found.total is None else shown(found.total),
        "grade": found.grade,
        "complete": found.complete,
        "forms": [
            {
                "code": f.code,
                "instance": f.instance,
                "score": None if f.score is None else shown(f.score),
                "zero": f.zero,
                "missing": list(f.missing),
            }
            for f in found.forms
        ],
    }
    assert told == {name: case[name] for name in told}


def test_the_vectors_sections_are_those_of_the_checklist() -> None:
    assert SCORES["sections"] == checklist()["sections"]


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.relative_to(WEB).as_posix())
def test_a_module_is_short_says_what_it_is_and_hides_nothing(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.count("\n") <= LONGEST_MODULE
    assert text.startswith(("/**", "// ")), "it opens with a sentence"
    found = re.search(r"(: |as |<)any\b[^a-z]|@ts-(ignore|expect-error)|innerHTML|\beval\(", text)
    assert found is None, found


def test_the_library_knows_neither_the_page_nor_a_framework() -> None:
    for path in (WEB / "sync").glob("*.ts"):
        text = path.read_text("utf-8")
        assert not re.search(r"preact|\b(document|window)\.", text), path.name
        assert '"../' not in text, f"{path.name} imports from outside"
