"""What is drawn over photographs comes with their issue; the originals stay as they are."""

from typing import Any

import pytest

from server.commands import rebuild
from server.database import db
from server.markups import queries as markups
from server.markups.tables import MarkupRow
from tests.server.test_photos import WJ, photo, upload
from tests.support.house import Desk, House, create, delete, issue, jpeg, update

FIRM = "party:91110105MA0XD00162"
ARROW = "M120 80L400 300L372 282L400 300L390 268"


def markup(of: str, strokes: str = ARROW, *, audience: str = "field", **more: Any) -> dict[str, Any]:
    """A create change for what somebody drew over a photograph."""
    said = {"photo": of, "width": 1000, "height": 750, "strokes": strokes} | more
    return create("markup", said, audience=audience)


@pytest.fixture
def pictured(site: House) -> tuple[House, dict[str, Any], list[dict[str, Any]]]:
    """A site, an issue that its firm sees, two photographs: one it sees, one of the field work."""
    finding = issue(audience=FIRM)
    shown, kept = (photo(jpeg(colour), subject=finding["record"]) for colour in ("red", "blue"))
    shown["audience"] = FIRM
    assert all(o["status"] == "applied" for o in site.desk("li").push(WJ, finding, shown, kept))
    return site, finding, [shown, kept]


def drawn(desk: Desk, finding: dict[str, Any]) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = desk.get(f"/api/v1/issues/{finding['record']}")["markups"]
    return told


def test_what_was_drawn_comes_with_the_issue_and_says_who_drew_it_and_when(pictured: Any) -> None:
    site, finding, [shown, kept] = pictured
    li, wang = site.desk("li"), site.desk("wang")
    first = markup(shown["record"], caption="此处无栏杆")
    li.push(WJ, first)
    second = markup(kept["record"], "M5 5L9 9", audience=FIRM)
    wang.push(WJ, second)
    one, two = drawn(site.desk("zhang"), finding)
    assert one == {
        "id": first["record"],
        "version": one["version"],
        "audience": "field",
        "photo": shown["record"],
        "width": 1000,
        "height": 750,
        "strokes": ARROW,
        "caption": "此处无栏杆",
        "drawn_by": {"id": li.person, "name": "li某"},
        "drawn_at": "2026-11-21T08:02:11.000Z",
    }
    assert (two["id"], two["photo"], two["caption"]) == (second["record"], kept["record"], None)
    assert two["drawn_by"]["id"] == wang.person


def test_drawing_leaves_the_original_as_it_is(pictured: Any) -> None:
    site, finding, [shown, _] = pictured
    li = site.desk("li")
    assert upload(li, shown["record"], jpeg("red")).status_code == 204
    before = li.get(f"/api/v1/issues/{finding['record']}")["photos"]
    li.push(WJ, markup(shown["record"]))
    after = li.get(f"/api/v1/issues/{finding['record']}")["photos"]
    assert after == before
    [original] = [p["original"] for p in after if p["id"] == shown["record"]]
    assert li.call("GET", original).data == jpeg("red")


def test_a_firm_sees_what_its_audience_lets_it_and_nothing_over_a_photograph_that_it_does_not_see(
    pictured: Any,
) -> None:
    site, finding, [shown, kept] = pictured
    open_one, inner = markup(shown["record"], audience=FIRM), markup(shown["record"])
    over_kept = markup(kept["record"], audience=FIRM)
    outcomes = site.desk("li").push(WJ, open_one, inner, over_kept)
    assert {o["status"] for o in outcomes} == {"applied"}
    assert [m["id"] for m in drawn(site.desk("zhao"), finding)] == [open_one["record"]]
    everything = {m["id"] for m in drawn(site.desk("zhang"), finding)}
    assert everything == {open_one["record"], inner["record"], over_kept["record"]}


def test_what_lies_over_one_photograph_crowds_out_nothing_over_another_nor_what_others_may_see(
    pictured: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, finding, [shown, kept] = pictured
    monkeypatch.setattr(markups, "MOST", 3)
    first, aside = markup(shown["record"], audience=FIRM), markup(kept["record"])
    later = [markup(shown["record"]) for _ in range(3)]
    site.desk("li").push(WJ, first, aside, *later)
    told = {who: site.desk(who).get(f"/api/v1/issues/{finding['record']}") for who in ("zhang", "zhao")}
    ids = {who: [m["id"] for m in one["markups"]] for who, one in told.items()}
    assert ids == {"zhang": [m["record"] for m in (aside, *later)], "zhao": [first["record"]]}
    left_off = {who: one["markups_left_off"] for who, one in told.items()}
    assert left_off == {"zhang": [shown["record"]], "zhao": []}, "said, to those alone who may see it"


def test_however_much_was_drawn_an_issue_takes_the_same_number_of_statements(pictured: Any) -> None:
    site, finding, [shown, kept] = pictured
    li, counts = site.desk("li"), []
    drawn(li, finding)  # that one looked is noted the first time
    for more in (1, 40):
        li.push(WJ, *[markup(one["record"]) for one in (shown, kept) for _ in range(more)])
        with site.statements() as said:
            drawn(li, finding)
        counts.append(len(said))
    assert counts[0] == counts[1]


def test_only_who_drew_it_changes_it_or_takes_it_away(pictured: Any) -> None:
    site, finding, [shown, _] = pictured
    li, mark = site.desk("li"), markup(shown["record"])
    [made] = li.push(WJ, mark)
    record, version = mark["record"], made["version"]
    for other in ("wang", "zhang"):
        said = update("markup", record, version, {"strokes": "M1 1L2 2"})
        outcomes = site.desk(other).push(WJ, said, delete("markup", record, version))
        assert [(o["status"], o["why"]) for o in outcomes] == [("parked", "not-permitted")] * 2
    assert drawn(li, finding)[0]["strokes"] == ARROW
    site.clock.passes(hours=2)
    at = "2026-11-22T02:30:00.000Z"
    [changed] = li.push(WJ, update("markup", record, version, {"caption": {"set": "栏杆缺失"}}, at=at))
    [mark_now] = drawn(li, finding)
    assert (mark_now["version"], mark_now["caption"]) == (changed["version"], "栏杆缺失")
    assert mark_now["drawn_at"] == at
    li.push(WJ, delete("markup", record, changed["version"]))
    assert drawn(li, finding) == []


def test_what_was_drawn_before_there_was_a_table_for_it_is_brought_in_by_rebuild(pictured: Any) -> None:
    site, finding, [shown, _] = pictured
    li = site.desk("li")
    li.push(WJ, markup(shown["record"], caption="此处无栏杆"), markup(shown["record"]))
    before = drawn(li, finding)
    with site.app.app_context():
        db.session.query(MarkupRow).delete()
        db.session.commit()
    assert drawn(li, finding) == []
    result = site.app.test_cli_runner().invoke(rebuild)
    assert result.exit_code == 0, result.output
    assert drawn(li, finding) == before and len(before) == 2
