"""People and their posts, for administrators; one's own password, for everybody."""

from datetime import date, datetime, time
from typing import Any

from flask import Blueprint
from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from server import access
from server.endpoint import ANYONE, Call, endpoint
from server.errors import Refusal
from server.law.rules import SHANGHAI
from server.paging import Paged
from server.people.actions import ENDED, ROLES
from server.sessions import actions as sessions
from server.sessions import queries as signed_in
from server.sessions.routes import CODE, Ended, SessionLines
from server.transaction import reading
from sync.arrival import rfc3339

from . import actions, queries, rules

blueprint = Blueprint("accounts", __name__)
PEOPLE = "/api/v1/people"
PERSON = f"{PEOPLE}/<uuid:person>"
USERNAME = validate.Regexp(
    rules.USERNAME, error="2 to 64 letters, digits and . _ @ -, a letter or digit first"
)


class NewPerson(Schema):
    """Who is taken on."""

    username = fields.String(required=True, validate=USERNAME)
    name = fields.String(required=True, validate=validate.Length(1, 80))
    title = fields.String(load_default="", validate=validate.Length(0, 80))


class GivenOut(Schema):
    """A password to be handed over, shown this once: it opens nothing until its owner has changed it."""

    id = fields.UUID()
    password = fields.String()
    expires_at = fields.String()


class PeoplePage(Paged):
    """Which page; `begins`: only user names that begin so."""

    begins = fields.String(load_default=None, validate=validate.Length(1, 64))


class PersonLine(Schema):
    """A person; `once_until`: the password was given out and not changed yet."""

    id = fields.UUID()
    username = fields.String()
    name = fields.String()
    title = fields.String()
    active = fields.Boolean()
    left_at = fields.String(allow_none=True)
    once_until = fields.String(allow_none=True)
    licence_no = fields.String(allow_none=True)
    licence_until = fields.Date(allow_none=True)


class PersonLines(Schema):
    """A page; `next` is the token of the one after it."""

    items = fields.List(fields.Nested(PersonLine))
    next = fields.String(allow_none=True)


class DatedPost(Schema):
    """A duty with its dates; `project` is what the dossier's project is called, `ended` the code of why it
    ended before its time.
    """

    id = fields.UUID()
    dossier = fields.String()
    project = fields.String(allow_none=True)
    role = fields.String()
    firm = fields.String(allow_none=True)
    firm_name = fields.String(allow_none=True)
    since = fields.String()
    until = fields.String(allow_none=True)
    ended = fields.String(allow_none=True)


class PersonShown(PersonLine):
    """A person with every post they have had, the oldest first."""

    posts = fields.List(fields.Nested(DatedPost))


class NewPost(Schema):
    """A role in a dossier, from its first day to its last (Asia/Shanghai); by default from now on."""

    dossier = fields.String(required=True, validate=validate.Length(1, 96))
    role = fields.String(required=True, validate=validate.OneOf(ROLES))
    firm = fields.String(load_default=None, allow_none=True, validate=validate.Regexp(r"^[0-9A-Z]{18}$"))
    since_on = fields.Date(load_default=None, allow_none=True)
    until_on = fields.Date(load_default=None, allow_none=True)

    @validates_schema
    def in_order(self, data: dict[str, Any], **_: Any) -> None:
        """A last day is no earlier than the first, and far dates are slips of the pen."""
        first, last = data["since_on"], data["until_on"]
        if (first and last and last < first) or any(d and not 2000 <= d.year <= 2200 for d in (first, last)):
            raise ValidationError(
                "The last day comes before the first, or is no day of this time.", "until_on"
            )


class EndPost(Schema):
    """Why it ends: that decides what becomes of work that comes late."""

    why = fields.String(required=True, validate=validate.OneOf(ENDED))


class NewPassword(Schema):
    """The old one, also one that was given out, and the new one."""

    username = fields.String(required=True, validate=validate.Length(1, 64))
    password = fields.String(required=True, load_only=True, validate=validate.Length(1, 200))
    code = fields.String(load_default=None, allow_none=True, load_only=True, validate=CODE)
    new = fields.String(required=True, load_only=True, validate=validate.Length(1, 1_000))


def _administrator(call: Call, verb: str) -> None:
    if not access.administers(call.who, verb):
        raise Refusal("not-permitted", verb=verb)


@endpoint(
    blueprint,
    PEOPLE,
    may="person.read",
    summary="人员列表 People who can sign in",
    query=PeoplePage,
    answer=PersonLines,
    refusals=("second-factor-needed",),
)
def list_people(call: Call) -> Any:
    """In the order of their user names."""
    _administrator(call, "person.read")
    with reading() as conn:
        items, after = queries.listed(conn, **call.query)
    return {"items": items, "next": after}


@endpoint(
    blueprint,
    PEOPLE,
    "POST",
    may="person.create",
    summary="新增人员 Take somebody on",
    body=NewPerson,
    answer=GivenOut,
    status=201,
    refusals=("username-taken", "second-factor-needed"),
)
def take_on(call: Call) -> Any:
    """They hold nothing until they are given a post."""
    _administrator(call, "person.create")
    return actions.take_on(call.who.id, **call.body)


@endpoint(
    blueprint,
    PERSON,
    may="person.read",
    summary="人员 A person and every post they have had",
    answer=PersonShown,
    refusals=("not-found", "second-factor-needed"),
)
def one_person(call: Call, person: Any) -> Any:
    """Posts are never removed."""
    _administrator(call, "person.read")
    with reading() as conn:
        return queries.shown(conn, str(person))


@endpoint(
    blueprint,
    f"{PERSON}/posts",
    "POST",
    may="person.update",
    summary="任命 Give somebody a post",
    body=NewPost,
    answer=PersonShown,
    status=201,
    refusals=("not-found", "unknown-dossier", "own-duty", "second-factor-needed"),
)
def give_post(call: Call, person: Any) -> Any:
    """Given twice, it is there once. Nobody gives one to themselves."""
    _administrator(call, "person.update")
    said, who = call.body, str(person)
    dates = {"since": _begin_of(said.pop("since_on")), "until": _end_of(said.pop("until_on"))}
    actions.give_post(call.who.id, who, **said, **dates)
    with reading() as conn:
        return queries.shown(conn, who)


def _begin_of(day: date | None) -> str | None:
    return rfc3339(datetime.combine(day, time(), SHANGHAI)) if day else None


def _end_of(day: date | None) -> str | None:
    return _begin_of(date.fromordinal(day.toordinal() + 1)) if day else None


@endpoint(
    blueprint,
    f"{PERSON}/posts/<uuid:post>/end",
    "POST",
    may="person.update",
    summary="免职 End a post",
    body=EndPost,
    status=204,
    refusals=("not-found", "second-factor-needed"),
)
def end_post(call: Call, person: Any, post: Any) -> Any:
    """Now; what they did before comes in late, by itself or for a reviewer, as the reason says."""
    _administrator(call, "person.update")
    actions.end_post(call.who.id, str(person), str(post), call.body["why"])


@endpoint(
    blueprint,
    f"{PERSON}/suspend",
    "POST",
    may="person.update",
    summary="停用人员 Suspend somebody",
    status=204,
    refusals=("not-found", "own-duty", "second-factor-needed"),
)
def suspend(call: Call, person: Any) -> Any:
    """They hold nothing from their next request on, and can bring home what they did before."""
    _administrator(call, "person.update")
    actions.suspend(call.who.id, str(person))


@endpoint(
    blueprint,
    f"{PERSON}/resume",
    "POST",
    may="person.update",
    summary="恢复人员 Let somebody who was suspended back in",
    status=204,
    refusals=("not-found", "own-duty", "second-factor-needed"),
)
def resume(call: Call, person: Any) -> Any:
    """With the posts that have not ended meanwhile."""
    _administrator(call, "person.update")
    actions.resume(call.who.id, str(person))


@endpoint(
    blueprint,
    f"{PERSON}/password",
    "POST",
    may="person.update",
    summary="重置口令 Give out a new password",
    answer=GivenOut,
    refusals=("not-found", "own-duty", "second-factor-needed"),
)
def reset_password(call: Call, person: Any) -> Any:
    """The old one and all sign-ins are over."""
    _administrator(call, "person.update")
    return actions.reset_password(call.who.id, str(person))


@endpoint(
    blueprint,
    f"{PERSON}/factor",
    "DELETE",
    may="person.update",
    summary="取消第二因素 Take somebody's second factor away",
    status=204,
    refusals=("not-found", "own-duty", "second-factor-needed"),
)
def take_factor(call: Call, person: Any) -> Any:
    """Their authenticator and their codes are lost; they set another after signing in."""
    _administrator(call, "person.update")
    actions.take_factor(call.who.id, str(person))


@endpoint(
    blueprint,
    f"{PERSON}/sessions",
    may="person.read",
    summary="他人登录 Where somebody is signed in",
    answer=SessionLines,
    refusals=("not-found", "second-factor-needed"),
)
def sessions_of(call: Call, person: Any) -> Any:
    """The newest first."""
    _administrator(call, "person.read")
    with reading() as conn:
        queries.shown(conn, str(person))
        found = signed_in.live(conn, str(person), rfc3339(call.now))
    return {"items": [line | {"current": line["id"] == call.who.sign_in} for line in found]}


@endpoint(
    blueprint,
    f"{PERSON}/sessions",
    "DELETE",
    may="person.update",
    summary="结束他人登录 End all of somebody's sign-ins",
    answer=Ended,
    refusals=("not-found", "second-factor-needed"),
)
def end_sessions_of(call: Call, person: Any) -> Any:
    """From their next request on; work on devices stays there."""
    _administrator(call, "person.update")
    with reading() as conn:
        queries.shown(conn, str(person))
    return {"ended": sessions.end_sessions(str(person), by=call.who.id)}


@endpoint(
    blueprint,
    "/api/v1/password",
    "POST",
    may=ANYONE,
    summary="修改口令 Change one's own password",
    body=NewPassword,
    status=204,
    refusals=(
        *("wrong-password", "too-many-attempts", "password-weak"),
        *("second-factor-required", "second-factor-wrong"),
    ),
)
def change_password(call: Call) -> Any:
    """Every sign-in is over; a password that was given out opens nothing before this."""
    actions.change_password(**call.body)
