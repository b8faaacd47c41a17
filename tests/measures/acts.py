"""What people do to issues day by day, and what the figures then say."""

from datetime import UTC, datetime
from typing import Any

from server.measures.followers import catch_up
from tests.loop.conftest import FIRM, WJ
from tests.loop.test_steps import REPLIED, take
from tests.support.house import House, create, issue, update


def at(office: House, month: int, day: int) -> None:
    office.clock.now = datetime(2026, month, day, 2, tzinfo=UTC)


def push(office: House, who: str, *changes: dict[str, Any], dossier: str = WJ) -> list[Any]:
    """Changes made and brought in on the clock's day."""
    now = office.clock.now.isoformat()
    return office.desk(who).push(dossier, *(change | {"at": now} for change in changes))


def found(office: House, **said: Any) -> str:
    """An issue found and issued on the clock's day."""
    made = issue(audience=FIRM, found_at=office.clock.now.isoformat(), **said)
    push(office, "li", made)
    for who, verb in REPLIED[:2]:
        step(office, who, made["record"], verb)
    return str(made["record"])


def version(office: House, record: str) -> int:
    return int(office.desk("zhang").get(f"/api/v1/issues/{record}")["version"])


def step(office: House, who: str, record: str, verb: str) -> None:
    outcome = take(office, who, record, verb)
    assert outcome["status"] in ("applied", "merged"), (verb, outcome)


def walk(office: House, record: str, *steps: str) -> None:
    doers = {"receive": "zhao", "begin": "zhao", "reply": "zhao", "fail": "wang", "pass": "wang"}
    for verb in steps:
        step(office, doers.get(verb, "zhang"), record, verb)


def put_right(office: House, record: str) -> None:
    walk(office, record, "receive", "reply", "pass", "close")


def asked(office: House, query: str = "", *, who: str = "zhang") -> Any:
    with office.app.app_context():
        catch_up()
    return office.desk(who).get(f"/api/v1/measures?{query}")


def whole(office: House, query: str = "", **more: Any) -> dict[str, tuple[Any, Any]]:
    """Numerator and denominator of each rate."""
    measures = asked(office, query, **more)["whole"]
    return {n: (r["numerator"], r["denominator"]) for n, r in measures.items() if n != "time"}


def photo(subject: str, phase: str | None, letter: str) -> dict[str, Any]:
    said = {"subject": subject, "sha256": letter * 64, "size": 10, "mime": "image/jpeg"}
    said |= {"taken_at": "2026-11-02T10:05:00+08:00"} | ({"phase": phase} if phase else {})
    return create("photo", said)


def rest(office: House, picture: dict[str, Any]) -> None:
    stored = {"stored_at": office.clock.now.isoformat(timespec="milliseconds").replace("+00:00", "Z")}
    now = office.clock.now.isoformat()
    outcomes = office.submit(WJ, update("photo", picture["record"], 10**6, stored, at=now))
    assert outcomes[0]["status"] in ("applied", "merged"), outcomes
