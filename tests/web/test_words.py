"""The phone says the same as the house: every code has its words, and they are the catalogue's."""

import re

import pytest

from server.catalogue import CATALOGUE
from server.errors import CODES
from server.inspections.records.inspection import CONCLUSIONS
from server.inspections.records.inspection import LIFECYCLE as VISITS
from server.inspections.records.signature import MODES, PARTIES
from server.inspections.rules import GRADES, RESULTS
from server.issues.records.issue import LIFECYCLE as ISSUES
from server.numbers.records.block import KINDS as NOTICE_KINDS
from server.projects.records.project import RISKS, STAGES
from sync.arrival import FLAGS
from sync.trust import WORDS as DOUBTS
from tests.web.node import WEB

OWN_TS = "".join((WEB / "phone" / name).read_text("utf-8") for name in ("terms.ts", "why.ts"))
SHARED_TS = "".join((WEB / name).read_text("utf-8") for name in ("terms.ts", "why.ts", "papers.ts"))
# tests/server/test_desk.py holds it to the catalogue
PAIR = re.compile(r'"?([\w-]+)"?:\s*\[\s*"([^"]+)",\s*"[^"]+",?\s*\]')


def table(name: str) -> dict[str, str]:
    """The Chinese words of `export const NAME = {…}`, or of a smaller table within MORE."""
    found = re.search(
        rf"^(?:export const |  ){name}(?: =|:) \{{\n?(.*?)\}}", OWN_TS + SHARED_TS, re.MULTILINE | re.DOTALL
    )
    assert found, name
    return dict(PAIR.findall(found[1]))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("result", RESULTS),
        ("grade", GRADES),
        ("conclusion", CONCLUSIONS),
        ("stage", STAGES),
        ("party", PARTIES),
        ("mode", MODES),
        ("NOTICE_KINDS", NOTICE_KINDS),
        ("DOUBTS", {code: zh for code, (zh, _) in DOUBTS.items()}),
    ],
)
def test_a_table_says_what_the_catalogue_says(name: str, said: dict[str, str]) -> None:
    assert table(name) == dict(said)


def test_stages_stand_in_the_order_in_which_the_phone_counts_them() -> None:
    assert list(table("stage")) == list(STAGES)


def test_every_state_verb_and_risk_has_a_word() -> None:
    assert set(ISSUES.states) | set(VISITS.states) <= {*table("STATES"), *table("VISIT_STATES")}
    assert set(ISSUES.transitions) | set(VISITS.transitions) <= {*table("VERBS"), *table("VISIT_VERBS")}
    assert set(RISKS) == set(table("risk"))


def test_every_doubt_about_a_time_has_words_at_the_desk() -> None:
    desk = (WEB / "desk" / "terms.ts").read_text("utf-8")
    found = re.search(r"^  doubt: \{\n(.*?)\n  \}", desk, re.MULTILINE | re.DOTALL)
    assert found and set(dict(PAIR.findall(found[1]))) == set(FLAGS)


def test_every_reason_for_which_work_is_not_applied_is_explained() -> None:
    outcomes = {code for code, said in CODES.items() if said.status == 200}
    explained = {*table("WHY"), *table("OWN_WHY")}
    assert outcomes <= explained, outcomes - explained


def test_the_phone_has_words_of_its_own_only_where_it_says_something_else() -> None:
    own = table("OWN_WHY")
    assert not set(own) & set(table("WHY"))
    assert all(CODES[code].zh != zh for code, zh in own.items() if code in CODES)


def test_every_field_that_can_be_in_question_has_a_name() -> None:
    named = {*table("FIELDS"), *table("OTHER_FIELDS")}
    for line in CATALOGUE:
        if line.kind.name not in ("issue", "answer"):
            continue
        asked = {n for n, f in line.kind.fields.items() if f.policy not in ("server",) and not f.fixed}
        assert asked - {"template"} <= named, (line.kind.name, asked - named)


def test_words_have_both_languages_and_the_tone_of_the_office() -> None:
    files = (WEB / "phone" / name for name in ("words.ts", "room-words.ts"))
    text = "".join(file.read_text("utf-8") for file in files) + OWN_TS + SHARED_TS
    pairs = re.findall(r'\["([^"]*)",\s*"([^"]*)"', text)
    assert len(pairs) > 300
    for zh, en in pairs:
        assert zh and en, (zh, en)
        assert "!" not in zh + en and "！" not in zh, "no exclamation"
        assert set(re.findall(r"\{\w+\}", zh)) == set(re.findall(r"\{\w+\}", en)), (zh, en)
