"""One table says who sees what: the feed goes by audience, the doors by kind and audience, and both agree."""

import pytest
from sqlalchemy import column

from server import access
from server.access import AUDIENCES, PARTY, TABLE
from server.catalogue import journal
from server.endpoint import Actor, Held
from server.people.queries import SELF
from tests.support.house import House, create, issue

WJ = "project:wj-01"
FIRM = "91110105MA0XD00162"
KINDS = journal().kinds
# Kinds of an audience that a role sees and may not ask for, and why the feed shows it none all the same.
NOT_THERE = {
    # An administrator holds a post in the office's own dossier alone, and these lie in projects'.
    "administrator": {"project", "photo", "attachment", "markup"},
    # One's own dossier holds what became of one's work, and is written by the system alone.
    SELF: set(KINDS),
}


@pytest.mark.parametrize("role", TABLE)
def test_what_the_feed_shows_a_role_it_may_also_ask_for(role: str) -> None:
    for audience in (a.partition(":")[0] for a in AUDIENCES[role]):
        lies = {name for name, kind in KINDS.items() if audience in kind.audiences}
        asked = {name for name, deeds in TABLE[role].items() if "read" in deeds}
        assert lies - asked <= NOT_THERE.get(role, set()), audience


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_what_tells_of_persons_beside_a_firm_is_nothing_that_a_firm_is_told(kind) -> None:
    """Names, hands and companions of a visit stay in the office; what a party wrote itself is its own."""
    outside = {"party", "public"} & set(kind.audiences)
    own_words = {"comment", "reply", "photo", "attachment", "markup"}
    assert not (kind.personal and outside) or kind.name in own_words


@pytest.mark.parametrize("one", TABLE)
@pytest.mark.parametrize("other", TABLE)
def test_what_one_post_allows_does_not_reach_into_what_another_sees(one: str, other: str) -> None:
    posts = tuple(Held(role, FIRM if PARTY in AUDIENCES[role] else None) for role in (one, other))
    for kind in KINDS:
        for audience in ("field", "office", "officers", "confidential", "public", f"party:{FIRM}", "party:x"):
            alone = [
                "read" in TABLE[post.role].get(kind, ()) and access.sees(access.audiences([post]), audience)
                for post in posts
            ]
            assert access.reads(posts, kind, audience) == any(alone), (kind, audience)


def test_a_list_asks_the_same_question_as_a_door() -> None:
    """Nobody holds such posts today; a table that changes may make one."""
    posts = (Held("administrator"), Held(SELF))
    actor = Actor(id="a", username="a", name="a", device="d", session="s", held={WJ: posts})
    said = str(access.visible(actor, "conflict.read", _column("dossier"), _column("audience")))
    assert access.audiences(posts) == {"public", "field"} and not access.reads(posts, "conflict", "field")
    assert said.count("audience IN") == 1
    compiled = access.visible(actor, "conflict.read", _column("dossier"), _column("audience")).compile()
    assert [v for v in compiled.params.values() if v != [WJ]] == [["public"]], compiled.params


def _column(name: str):

    return column(name)


def test_who_asks_for_an_erasure_reaches_no_inspectors_phone(site: House) -> None:
    told = issue()
    site.desk("li").push(WJ, told)
    asked = {"subject": told["record"], "whole": True, "ground": "withdrawn", "asked_by": "person"}
    asked |= {"reason": "本人要求", "asked_at": "2026-11-22T08:00:00+08:00"}
    outcomes = [
        site.desk("zhang").push(WJ, create("erasure", asked, audience=a))[0]
        for a in ("office", "confidential")
    ]
    assert [(o["status"], o["why"]) for o in outcomes] == [("parked", "unknown-audience"), ("applied", None)]
    li = site.desk("li")
    audiences = li.exchange(cursors={})["pull"]["granted"][WJ]["audiences"]
    cursors = {a: {"nonce": "n", "epoch": 1, "seq": 0, "floor": 0} for a in audiences}
    pulled = li.exchange(cursors={WJ: cursors})["pull"]["dossiers"][WJ]["audiences"]
    assert not [i for page in pulled.values() for i in page["items"] if i["kind"] == "erasure"]
