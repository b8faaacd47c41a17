"""The phone says the same as the house: every code has its words, and they are the catalogue's."""

import re

import pytest

from server.catalogue import CATALOGUE
from server.errors import CODES
from server.inspections.records.inspection import CONCLUSIONS, TYPES
from server.inspections.records.inspection import LIFECYCLE as VISITS
from server.inspections.records.signature import MODES, PARTIES
from server.inspections.rules import GRADES, RESULTS
from server.issues.records.issue import DOMAINS, SEVERITIES, TERMS
from server.issues.records.issue import LIFECYCLE as ISSUES
from server.projects.records.project import RISKS, STAGES
from sync.trust import WORDS as DOUBTS
from tests.web.node import WEB

TERMS_TS = (WEB / "phone" / "terms.ts").read_text("utf-8")
PAIR = re.compile(r'"?([\w-]+)"?:\s*\[\s*"([^"]+)",\s*"[^"]+",?\s*\]')


def table(name: str) -> dict[str, str]:
    """The Chinese words of `export const NAME = {…}`, or of a smaller table within MORE."""
    found = re.search(
        rf"^(?:export const |  ){name}(?: =|:) \{{\n?(.*?)\}}", TERMS_TS, re.MULTILINE | re.DOTALL
    )
    assert found, name
    return dict(PAIR.findall(found[1]))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("DOMAINS", DOMAINS),
        ("severity", SEVERITIES),
        ("term", TERMS),
        ("result", RESULTS),
        ("grade", GRADES),
        ("conclusion", CONCLUSIONS),
        ("inspection_type", TYPES),
        ("stage", STAGES),
        ("party", PARTIES),
        ("mode", MODES),
        ("DOUBTS", {code: zh for code, (zh, _) in DOUBTS.items()}),
    ],
)
def test_a_table_says_what_the_catalogue_says(name: str, said: dict[str, str]) -> None:
    assert table(name) == dict(said)


def test_every_state_verb_and_risk_has_a_word() -> None:
    assert set(ISSUES.states) | set(VISITS.states) <= set(table("STATES"))
    assert set(ISSUES.transitions) | set(VISITS.transitions) <= set(table("VERBS"))
    assert set(RISKS) == set(table("risk"))


def test_every_reason_for_which_work_is_not_applied_is_explained() -> None:
    outcomes = {code for code, said in CODES.items() if said.status == 200}
    assert outcomes <= set(table("WHY")), outcomes - set(table("WHY"))


# Here the phone says what it does by itself, or what its holder can do about it.
OWN_WORDS = {
    *("change-id-reused", "not-canonical", "schema-ahead", "epoch-changed", "missing-base", "invalid-fields"),
    *("digest-mismatch", "not-an-image", "empty-file", "not-found", "unknown-dossier"),
}


def test_a_reason_says_what_the_catalogue_says() -> None:
    said = {code: zh for code, zh in table("WHY").items() if code in CODES and code not in OWN_WORDS}
    assert len(said) > 40
    assert said == {code: CODES[code].zh for code in said}


def test_every_field_that_can_be_in_question_has_a_name() -> None:
    named = set(table("FIELDS"))
    for line in CATALOGUE:
        if line.kind.name not in ("issue", "answer"):
            continue
        asked = {n for n, f in line.kind.fields.items() if f.policy not in ("server",) and not f.fixed}
        assert asked - {"template"} <= named, (line.kind.name, asked - named)


def test_words_have_both_languages_and_the_tone_of_the_office() -> None:
    files = (WEB / "phone" / name for name in ("words.ts", "room-words.ts"))
    text = "".join(file.read_text("utf-8") for file in files) + TERMS_TS
    pairs = re.findall(r'\["([^"]*)",\s*"([^"]*)"', text)
    assert len(pairs) > 300
    for zh, en in pairs:
        assert zh and en, (zh, en)
        assert "!" not in zh + en and "！" not in zh, "no exclamation"
        assert set(re.findall(r"\{\w+\}", zh)) == set(re.findall(r"\{\w+\}", en)), (zh, en)
