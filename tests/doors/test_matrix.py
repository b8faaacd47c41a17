"""Nobody gets in where they do not belong: every operation, asked by everybody, for what is theirs, for what
is not, and for what does not exist.
"""

import base64
import gzip
import io
import re
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import g
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from server import endpoint, scheduler, transaction
from server.access import TABLE
from server.app import create_app
from server.database import STANDBY, db
from server.endpoint import OPERATIONS
from tests.conftest import DATABASES
from tests.doors import asks_of_ones_own, asks_of_people, matrix  # noqa: F401  # they fill the table
from tests.doors.asks import ASKS, OF_NOTHING, Ask
from tests.doors.liar import lying, settings
from tests.doors.town import (
    ELSEWHERE,
    FAR,
    FIRMS,
    HERE,
    INNER,
    NUMBERS,
    PEOPLE,
    ROLES,
    SECRET,
    SITE,
    Town,
    settle,
)
from tests.support.databases import DatabaseFactory
from tests.support.house import Clock, House, config_for, new_id
from tests.support.keyed import Recorder

asks_of_people.put()
WHO_MAY = matrix.rows()
KNOWN = matrix.operations()
CALL_OUT = ("send notifications", "tell subscribers")  # tests/notifications and tests/webhooks try those
# Of what is asked about by everybody: whose words must not stand in the answer to whom.
UNSEEN = {
    SITE: ("anonymous", "revoked", "other", "administrator"),
    ELSEWHERE: PEOPLE,
    INNER: ("anonymous", "revoked", "other", *FIRMS, "administrator"),
    SECRET: ("anonymous", "revoked", "other", *FIRMS, "inspector", "administrator"),
}
# 138****1234: who is told under which number somebody is called, and where (decision 0038).
CALLERS = {NUMBERS[HERE]: ("inspector", "supervisor", "director"), NUMBERS[FAR]: ("far",)}
# What the project of somebody's post is called, told to those who give posts.
POSTED = re.compile(r'"project":\s*"项目 [^"]+"')
TELL = re.compile(r"/api/v1/(contacts/[0-9a-f-]{36}|exchange)")
# Who cannot see what the first site hides, by what is asked for.
BLIND = {"issue": (*FIRMS, "inspector"), "*": FIRMS}
OWN_PATHS = "/(exports|cases|views|webhooks|my-channels|uploads|notifications|sessions|codes)/"
PERSONAL = {name for name, said in KNOWN.items() if re.search(OWN_PATHS, said["path"])}
# They name a dossier and no record in it: on one's own site there is nothing to hide.
NAMES_A_DOSSIER = {"newest_checkpoint", "consistency", "verify_dossier", "inspections_this_year"}
NAMES_A_DOSSIER |= {"draft_notice", "add_webhook", "begin_upload", "exchange_once"}
# What these see is for the database to say; the others are turned away before it is asked.
SQL_DECIDES = ("other", "contractor", "inspector")
UUID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}")
NAMES = re.compile(r"project:(wj-0\d)|[0-9a-f]{64}")
# The client makes a view's id: what nobody has becomes the caller's.
KEEPS = "keep_view"
# Different for every answer, or of the server's own clock.
NOISE = ("X-Request-Id", "Date", "Retry-After")


@pytest.fixture(scope="module", params=DATABASES)
def town(
    request: pytest.FixtureRequest,
    factories: Callable[[str], DatabaseFactory],
    tmp_path_factory: pytest.TempPathFactory,
    recorder: Recorder,
) -> Iterator[Town]:
    """One town for all who ask: what an ask uses up it makes first."""
    factory, folder, clock = factories(request.param), tmp_path_factory.mktemp("town"), Clock()
    askers = PEOPLE if request.param == "sqlite" else SQL_DECIDES
    url = factory.fresh()
    with lying() as provider:
        config = config_for(url, folder, **settings(provider.url, folder))
        app = create_app(config, clock=clock, new_id=new_id)
        town = settle(House(app, clock, folder), askers)
        town.provider = provider
        yield town
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    factory.dispose(url)


@pytest.fixture(scope="module")
def recorder() -> Iterator[Recorder]:
    with Recorder() as recorder:
        yield recorder


@pytest.fixture(autouse=True)
def every_statement_says_whose_dossiers_it_means(recorder: Recorder) -> Iterator[None]:
    """Else a city could not be partitioned by them; tests/support/keyed.py names who may, and why."""
    yield
    faults, recorder.faults = recorder.faults, []
    assert not faults, "\n".join(faults)


def sent(town: Town, who: str, ask: Ask) -> TestResponse:
    return town.client(who).call(ask.method, ask.path, **ask.sent())


def got(answer: TestResponse) -> str:
    """A cell of the table."""
    said = answer.get_json(silent=True) if answer.data else None
    if answer.status_code == 403 and said is None:
        return "out"  # to a HEAD, in no words: it is refused for nothing else
    if answer.status_code == 403 and said["code"] == "device-revoked":
        return "out" if said["details"]["wipe"] else "out, and not told to wipe itself"
    if answer.status_code == 403:
        return "no" if said["details"].get("verb") else "refused"
    if answer.status_code >= 400:
        return {401: "sign-in", 404: "absent"}.get(answer.status_code, str(answer.status_code))
    for outcome in _outcomes(said if isinstance(said, dict) else {}):
        return {"parked": "keeps", "not-found": "absent", "unknown-dossier": "absent"}.get(outcome, "yes")
    return "yes"


def _outcomes(said: dict[str, Any]) -> Iterator[str]:
    """What became of the changes, where the answer is about changes."""
    for group in said.get("push", ()):
        yield from (o["status"] for o in group["outcomes"] or [{"status": group["error"]}])
    for item in [said, *said.get("items", ())]:
        if item.get("outcome") or item.get("error"):
            yield str(item["error"] if item.get("error") else item["outcome"]["status"])


def wanted(row: matrix.Row, who: str, whose: str) -> str:
    own = row.own[who]
    refused = own in ("sign-in", "out", "no") or row.foreign in ("nothing", "shared")
    if row.foreign == "kept" and who == "administrator" and whose == "foreign":
        return own
    return own if whose == "own" or refused else "absent"


def leaks(town: Town, who: str, ask: Ask, answer: TestResponse) -> list[str]:
    """Words of things that the asker must not see, and ids of the far site that the asker did not name."""
    text = readable(answer.get_data(as_text=False)) + str(answer.headers)
    if who == "administrator" and ask.path.startswith("/api/v1/people/"):
        text = POSTED.sub("", text)
    named = f"{ask.path} {ask.json} {ask.headers}"
    words = [w for w, blind in UNSEEN.items() if who in blind and w in text]
    for number, callers in CALLERS.items():
        if number in text and (who not in callers or not TELL.match(ask.path)):
            words.append(number)
    shared = {town.foreign.checklist, town.foreign.block}
    return words + [i for i in town.foreign.ids() - shared if i in text and i not in named]


def readable(data: bytes) -> str:
    """What anybody can read in it, also in what is packed."""
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    if data[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            return "".join(readable(file.read(name)) for name in file.namelist())
    lines = re.findall(rb'"payload":"([^"]+)"', data)  # of a case: base64
    return b"\n".join([data, *map(base64.b64decode, lines)]).decode("utf-8", "replace")


def told(answer: TestResponse) -> tuple[int, list[tuple[str, str]], str]:
    """An answer without the names in it."""
    text = answer.get_data(as_text=False).decode("utf-8", "replace")
    bare = NAMES.sub("NAME", UUID.sub("ID", text))
    headers = [(n, NAMES.sub("NAME", UUID.sub("ID", v))) for n, v in answer.headers if n not in NOISE]
    return answer.status_code, sorted(headers), bare


def test_every_operation_has_a_row_and_is_asked() -> None:
    assert WHO_MAY.keys() == KNOWN.keys()
    assert ASKS.keys() == KNOWN.keys()
    assert {name for name, row in WHO_MAY.items() if row.foreign == "-"} == OF_NOTHING


def test_the_table_and_the_declared_verbs_are_of_one_mind() -> None:
    """Two people wrote them: what a route declares, and what a reviewer reads."""
    for operation in OPERATIONS:
        kind, _, deed = operation.may.partition(".")
        row = WHO_MAY[operation.name]
        if not deed:
            open_to = {"anyone": "yes", "signed-in": "sign-in"}[operation.may]
            assert row.own["anonymous"] == open_to and "no" not in row.own.values(), operation.name
            assert operation.may == "anyone" or row.own["revoked"] == "out", operation.name
            continue
        assert (row.own["anonymous"], row.own["revoked"]) == ("sign-in", "out"), operation.name
        for role in ROLES:
            if deed not in TABLE[role].get(kind, ()):
                assert row.own[role] == "no", f"{operation.name}: {role}"
            elif deed == "read" and operation.method == "GET":
                assert row.own[role] in ("yes", "absent"), f"{operation.name}: {role}"


@pytest.mark.parametrize("operation", sorted(KNOWN))
def test_everybody_gets_what_the_table_says_and_foreign_is_the_same_as_absent(
    town: Town, operation: str
) -> None:
    row, wrong = WHO_MAY[operation], []
    names = row.foreign not in ("shared", "-")
    if town.askers == SQL_DECIDES and (operation in PERSONAL or not names):
        return
    for who in town.askers:
        answers = {}
        for whose in ("own", "foreign", "guessed") if names else ("own",):
            ask = ASKS[operation](town, who, whose)
            answers[whose] = answer = sent(town, who, ask)
            expected = wanted(row, who, whose)
            if whose == "guessed" and operation == KEEPS and expected == "absent":
                expected = "yes"
            if got(answer) != expected:
                wrong.append((who, whose, expected, answer.status_code, answer.get_data(as_text=True)[:200]))
            wrong += [(who, whose, "shows", word) for word in leaks(town, who, ask, answer)]
        rules = row.foreign == "kept" and who == "administrator"
        if (
            len(answers) > 1
            and operation != KEEPS
            and not rules
            and told(answers["foreign"]) != told(answers["guessed"])
        ):
            wrong.append((who, "differ", told(answers["foreign"]), told(answers["guessed"])))
    assert not wrong


@pytest.mark.parametrize("operation", sorted(n for n in ASKS if n not in OF_NOTHING))
def test_what_is_hidden_on_ones_own_site_is_answered_like_what_does_not_exist(
    town: Town, operation: str
) -> None:
    path = KNOWN[operation]["path"]
    thing = "issue" if "/issues" in path or "snapshots" in path else "*"
    if WHO_MAY[operation].foreign != "absent" or operation in PERSONAL or operation in NAMES_A_DOSSIER:
        return
    for who in BLIND[thing]:
        hidden, lost = (
            told(sent(town, who, ASKS[operation](town, who, whose))) for whose in ("hidden", "lost")
        )
        assert hidden == lost, who
        assert hidden[0] in (403, 404) or '"error":"not-found"' in hidden[2] or "parked" in hidden[2], who


LISTS = (
    *("/api/v1/issues?limit=200", "/api/v1/issues/counts", "/api/v1/inspections", "/api/v1/notices"),
    *("/api/v1/deliveries", "/api/v1/conflicts", "/api/v1/projects", "/api/v1/plans", "/api/v1/plans/due"),
    *("/api/v1/measures?by=firm", "/api/v1/issues?text=13812345678", f"/api/v1/issues?text={ELSEWHERE}"),
)


@pytest.mark.parametrize("who", [who for who in PEOPLE if who not in ("anonymous", "revoked")])
def test_what_is_listed_or_synced_without_naming_a_dossier_is_the_askers_own(town: Town, who: str) -> None:
    desk, asked = town.client(who), 0
    for path in LISTS:
        answer = desk.call("GET", path)
        assert answer.status_code in (200, 403), path
        assert not leaks(town, who, Ask("GET", path), answer), path
    granted = desk.exchange(cursors={})["pull"]["granted"]
    for dossier, how in granted.items():
        cursors = {a: {"nonce": "n", "epoch": 1, "seq": 0, "floor": 0} for a in how["audiences"]}
        body = {"protocol": 1, "schema": 1, "no": 1, "pull": {"cursors": {dossier: cursors}}}
        ask = Ask("POST", "/api/v1/exchange", body)
        answer = sent(town, who, ask)
        assert answer.status_code == 200
        assert not leaks(town, who, ask, answer), dossier
        asked += 1
    assert asked >= 1


@pytest.mark.parametrize("operation", sorted(o.name for o in OPERATIONS if o.method == "GET"))
def test_a_reading_that_falls_away_once_it_is_done_is_answered_all_the_same(
    town: Town, operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the standby falls under it: the view is asked a second time, with the same call."""
    let_in = [who for who in ROLES if who in town.askers and WHO_MAY[operation].own[who] == "yes"]
    if not let_in:
        assert town.askers == SQL_DECIDES
        return
    who = let_in[-1]
    once = sent(town, who, ASKS[operation](town, who, "own"))
    fallen: list[str] = []

    def torn(work: Callable[[], Any]) -> Any:
        def falls_at_first() -> Any:
            done = work()
            if not fallen:
                fallen.append(operation)
                g.shown = STANDBY
                raise OperationalError("SELECT", None, Exception("conflict with recovery"))
            return done

        return transaction.shown(falls_at_first)

    monkeypatch.setattr(endpoint, "shown", torn)
    again = sent(town, who, ASKS[operation](town, who, "own"))
    assert (got(again), again.status_code) == (got(once), once.status_code), again.get_data(as_text=True)
    assert fallen


def test_the_page_of_access_is_what_would_be_written() -> None:
    assert matrix.PAGE.read_text(encoding="utf-8") == matrix.page(), "run `make matrix`"


def test_a_job_asks_by_dossier_or_is_known_to_go_over_all_of_them(town: Town) -> None:
    """What it asks is looked at after it, as after every test here."""
    with town.house.app.app_context():
        for name, job in scheduler.jobs(town.house.app).items():
            if name not in CALL_OUT:
                job()
