"""Whom to call about a site: everybody who sees the site is told of them, and officers have the number."""

from typing import Any

from flask import Blueprint
from marshmallow import Schema, fields, validate

from server.endpoint import Call, endpoint
from server.law.rules import local_day
from server.paging import Paged
from server.transaction import reading
from server.watchbook import look

from . import queries
from .records.contact import CONTACT

blueprint = Blueprint("contacts", __name__)


class Narrow(Paged):
    """By dossier; paged."""

    dossier = fields.String(load_default=None, validate=validate.Length(1, 96))


class Contact(Schema):
    """Somebody for a firm, street or department (`organisation`, its code) of a site; `hint` is the number
    with stars in it, None where it was erased.
    """

    dossier = fields.String()
    id = fields.UUID()
    version = fields.Integer()
    name = fields.String()
    organisation = fields.String()
    organisation_name = fields.String(allow_none=True)
    role = fields.String()
    hint = fields.String(allow_none=True)
    valid_from = fields.Date(allow_none=True)
    valid_to = fields.Date(allow_none=True)


class ContactRole(Schema):
    """A post that a contact may have, in Chinese and English; the provision `contact.roles` names them."""

    code = fields.String()
    name = fields.String()
    en = fields.String()


class Contacts(Schema):
    """One page by project, and the posts of today; `next` is the token of the page after it."""

    items = fields.List(fields.Nested(Contact))
    roles = fields.List(fields.Nested(ContactRole))
    next = fields.String(allow_none=True)


class WholeContact(Contact):
    """With what only officers of the site may have."""

    telephone = fields.String()
    note = fields.String(allow_none=True)


class Where(Schema):
    """The dossier, where several hold a record of this id."""

    dossier = fields.String(load_default=None, validate=validate.Length(1, 96))


@endpoint(
    blueprint,
    "/api/v1/contacts",
    may="contact.list",
    query=Narrow,
    summary="联系人 Whom to call about a site, with 138****1234 for a number",
    answer=Contacts,
    refusals=("malformed",),
)
def list_contacts(call: Call) -> Any:
    """Of the projects that the caller sees, whoever may have the numbers."""
    with reading() as conn:
        told = queries.page(conn, call.who, call.query)
        return told | {"roles": queries.roles(conn, local_day(call.now))}


@endpoint(
    blueprint,
    "/api/v1/contacts/<uuid:contact>",
    may="contact.read",
    query=Where,
    summary="联系电话 A contact with the whole number",
    answer=WholeContact,
    refusals=("not-found", "ambiguous"),
)
def one_contact(call: Call, contact: Any) -> Any:
    """For officers of the site; each look is in the watchbook before it is answered."""
    with reading() as conn:
        told = queries.one(conn, call.who, str(contact), call.query["dossier"])
    look(call.who.id, told["dossier"], told["id"], CONTACT.name)
    return told
