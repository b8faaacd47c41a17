"""The full chain of proof: which pictures and papers count, and since when."""

from datetime import date

from sqlalchemy import text

from server.database import db
from server.measures.followers import catch_up
from tests.loop.conftest import FIRM
from tests.measures.acts import at, found, photo, push, rest, walk, whole
from tests.support.house import House, create, issue


def test_the_chain_of_proof_wants_both_pictures_and_the_reply(office: House) -> None:
    at(office, 11, 2)
    record = found(office)
    walk(office, record, "receive", "reply", "pass", "close")
    said = {"subject": record, "measure": "已加设护栏", "done_at": "2026-11-02T05:00:00Z"}
    reply = create("reply", said, audience=FIRM)
    push(office, "zhao", reply)
    assert whole(office)["proven"] == (0, 1)
    at(office, 11, 4)
    pictures = [photo(record, "before", "a"), photo(reply["record"], None, "b")]
    push(office, "li", *pictures)
    assert whole(office)["proven"] == (0, 1), "named, and not at rest"
    rest(office, pictures[0])
    assert whole(office)["proven"] == (0, 1)
    rest(office, pictures[1])
    assert whole(office)["proven"] == (1, 1)
    at(office, 11, 6)
    assert whole(office, "cut_off=2026-11-03")["proven"] == (0, 1)


def test_pictures_that_came_before_their_issue_are_its_proof(office: House) -> None:
    at(office, 11, 2)
    made = issue(audience=FIRM)
    early = photo(made["record"], "before", "c")
    push(office, "li", early)
    rest(office, early)
    with office.app.app_context():
        catch_up()
        push(office, "li", made)
        catch_up()
        [row] = db.session.execute(text("SELECT before_on, after_on FROM measured")).all()
    assert (date.fromordinal(row.before_on), row.after_on) == (date(2026, 11, 2), date.max.toordinal())
