"""Ready-made first loads, and deletions that are let go after half a year."""

import gzip
from typing import Any

import orjson
import pytest

from server import transaction
from server.devices.jobs import forget_deletions, prepare_first_loads
from server.office import office
from sync import epochs
from tests.support.house import Desk, House, delete, issue, update
from tests.sync.test_replica import DeskLine

WJ = "project:wj-01"
START = {"nonce": "n", "epoch": 1, "seq": 0, "floor": 0}


def filled(site: House, count: int = 30) -> tuple[Desk, list[dict[str, Any]], dict[str, int]]:
    li, made = site.desk("li"), [issue(title=f"问题 {n}") for n in range(count)]
    outcomes = li.push(WJ, *made)
    return li, made, {m["record"]: o["version"] for m, o in zip(made, outcomes, strict=True)}


def prepare(site: House, least: int = 20) -> int:
    with site.app.app_context():
        return prepare_first_loads(least)


def first_page(desk: Desk, limit: int = 500) -> Any:
    body = {"limit": limit, "cursors": {WJ: {"field": START}}}
    return desk.exchange(pull=body)["pull"]["dossiers"][WJ]["audiences"]["field"]


class CountingLine(DeskLine):
    """Counts round trips and fetched files, and asks for small pages."""

    exchanges = fetched = 0

    def exchange(self, body: bytes) -> bytes:
        self.exchanges += 1
        said = orjson.loads(body)
        said["pull"]["limit"] = 4
        return super().exchange(orjson.dumps(said))

    def fetch(self, url: str) -> bytes:
        self.fetched += 1
        return super().fetch(url)


def test_a_large_dossier_is_loaded_by_one_file_and_the_delta_after_it(site: House, device: Any) -> None:
    li, made, versions = filled(site)
    assert prepare(site) == 1
    assert prepare(site) == 0, "nothing has changed"
    late = issue(title="新的")
    li.push(WJ, late, update("issue", made[0]["record"], versions[made[0]["record"]], {"part": "后改"}))
    phone, line = device("a"), CountingLine(site.desk("wang"))
    phone.sync(line)
    assert line.fetched == 1 and line.exchanges < 7
    seen = {r: v["body"] for r, v in phone.view(WJ).items() if v["kind"] == "issue"}
    assert set(seen) == set(versions) | {late["record"]}
    assert seen[made[0]["record"]]["part"] == "后改"


def test_a_file_that_is_not_in_the_store_is_made_anew(site: House, device: Any) -> None:
    li, _made, _versions = filled(site)
    assert prepare(site) == 1
    offer = first_page(li)["snapshot"]
    with site.app.app_context():  # the archive has moved to another store
        office().store.drop(f"snapshots/{WJ}/{offer['sha256']}.ndjson.gz")
    assert li.call("GET", offer["url"]).status_code == 404
    assert (prepare(site), prepare(site)) == (1, 0)
    assert li.call("GET", first_page(li)["snapshot"]["url"]).status_code == 200


def test_the_file_holds_the_newest_first_and_is_what_the_page_promised(site: House) -> None:
    li, made, _versions = filled(site)
    prepare(site)
    offer = first_page(li)["snapshot"]
    answer = li.call("GET", offer["url"])
    assert answer.status_code == 200 and answer.mimetype == "application/gzip"
    assert len(answer.data) == offer["size"]
    items = [orjson.loads(line) for line in gzip.decompress(answer.data).splitlines()]
    assert [i["record"] for i in items if i["kind"] == "issue"] == [m["record"] for m in reversed(made)]
    assert len(items) == offer["items"] and items[0]["op"] == "put"


def test_a_file_with_what_is_gone_or_has_left_the_audience_is_no_longer_offered(site: House) -> None:
    li, made, versions = filled(site)
    for gone in (
        delete("issue", made[3]["record"], versions[made[3]["record"]]),
        update("issue", made[4]["record"], versions[made[4]["record"]], {}, audience="office"),
    ):
        assert prepare(site) == 1
        url = first_page(li)["snapshot"]["url"]
        assert li.push(WJ, gone)[0]["status"] == "applied"
        assert "snapshot" not in first_page(li)
        assert li.call("GET", url).status_code == 404
    assert prepare(site) == 1
    assert "snapshot" in first_page(li)


def test_a_file_is_for_those_who_may_read_the_audience_now(site: House) -> None:
    li, _made, _versions = filled(site)
    prepare(site)
    url = first_page(li)["snapshot"]["url"]
    for foreign in ("stranger", "zhao"):
        answer = site.desk(foreign).call("GET", url)
        assert (answer.status_code, answer.json["code"]) == (404, "not-found")
    absent = li.call("GET", url[:-64] + "0" * 64)
    assert (absent.status_code, absent.json["code"]) == (404, "not-found")


def test_a_file_of_another_epoch_is_not_offered(site: House) -> None:
    li, _made, _versions = filled(site)
    prepare(site)
    with site.app.app_context(), transaction.writing(WJ) as conn:
        office().journal.restore(conn, WJ, received_at="2026-11-22T02:00:00.000Z")
    body = {"cursors": {WJ: {"field": START | {"epoch": 2}}}}
    page = li.exchange(pull=body)["pull"]["dossiers"][WJ]["audiences"]["field"]
    assert "snapshot" not in page and page["items"]


@pytest.mark.parametrize("data", [b"", b"not what was promised"])
def test_a_damaged_file_is_refused_and_the_pages_go_on(site: House, device: Any, data: bytes) -> None:
    _li, _made, versions = filled(site)
    prepare(site)
    phone, line = device("a"), CountingLine(site.desk("wang"))
    line.fetch = lambda _url: data  # type: ignore[method-assign]
    phone.sync(line)
    assert set(versions) <= set(phone.view(WJ))


def test_a_file_that_comes_after_its_load_is_over_changes_nothing(site: House, device: Any) -> None:
    li, made, versions = filled(site)
    prepare(site)
    phone, line = device("a"), DeskLine(site.desk("wang"))
    phone.receive(orjson.loads(line.exchange(phone.request())))
    phone.receive(orjson.loads(line.exchange(phone.request())))
    [offer] = [o for o in phone.offers if o.audience == "field"]
    data = line.fetch(offer.url)
    phone.offers = []
    phone.sync(line)
    li.push(WJ, delete("issue", made[0]["record"], versions[made[0]["record"]]))
    phone.sync(line)
    assert phone.take_snapshot(offer, data) is False
    assert made[0]["record"] not in phone.view(WJ)


def test_deletions_are_told_for_half_a_year_and_then_let_go(site: House) -> None:
    li, made, versions = filled(site, 4)
    li.push(WJ, delete("issue", made[0]["record"], versions[made[0]["record"]]))
    site.clock.passes(days=179, hours=23)
    li = site.desk("li")
    li.push(WJ, delete("issue", made[1]["record"], versions[made[1]["record"]]))
    with site.app.app_context():
        assert forget_deletions() == 0
    site.clock.passes(hours=2)
    with site.app.app_context():
        assert forget_deletions() == 1
        assert forget_deletions() == 0
    held = {WJ: {"field": START | {"seq": 2, "floor": 2}}}
    page = site.desk("li").exchange(cursors=held)["pull"]["dossiers"][WJ]["audiences"]["field"]
    assert page["resync"] == "tombstones"


def test_the_last_entry_before_a_moment_is_found_across_the_gap_of_an_epoch(site: House) -> None:
    li, _made, _versions = filled(site, 5)
    site.clock.passes(hours=1)
    with site.app.app_context(), transaction.writing(WJ) as conn:
        office().journal.restore(conn, WJ, received_at="2026-11-22T02:00:00.000Z")
    li.push(WJ, issue(), epoch=2)
    moments = ("2026-11-22T01:00:00.000Z", "2026-11-22T01:30:00.000Z", "2026-11-23T00:00:00.000Z")
    with site.app.app_context(), transaction.reading() as conn:
        found = [epochs.last_before(conn, WJ, moment) for moment in moments]
        head = office().journal.heads(conn, [WJ])[WJ].seq
    assert (found[0], found[2]) == (0, head)
    assert 6 <= found[1] <= 1_000_006  # the last of the old epoch, or any number of the gap after it
