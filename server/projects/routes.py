"""Projects that the caller may see."""

from typing import Any

from flask import Blueprint
from marshmallow import Schema, fields

from server.endpoint import Call, endpoint
from server.transaction import reading

from . import queries
from .records.project import RISKS, STAGES

blueprint = Blueprint("projects", __name__)


class Project(Schema):
    """A project; coordinates are WGS-84 in 1e-7 degree. `officer`: who of the office answers for it."""

    dossier = fields.String()
    id = fields.UUID()
    version = fields.Integer()
    name = fields.String()
    stage = fields.String(metadata={"enum": list(STAGES)})
    risk = fields.String(allow_none=True, metadata={"enum": [*RISKS, None]})
    street = fields.String(allow_none=True)
    street_name = fields.String(allow_none=True)
    address = fields.String(allow_none=True)
    contractor = fields.String(allow_none=True)
    contractor_name = fields.String(allow_none=True)
    lat_e7 = fields.Integer(allow_none=True)
    lon_e7 = fields.Integer(allow_none=True)
    officer = fields.UUID(allow_none=True)
    officer_name = fields.String(allow_none=True)
    officer_since = fields.String(allow_none=True)


class Projects(Schema):
    """All of them: a person has tens, not thousands."""

    items = fields.List(fields.Nested(Project))


@endpoint(
    blueprint, "/api/v1/projects", may="project.read", summary="我的项目 Projects I see", answer=Projects
)
def list_projects(call: Call) -> Any:
    """By name."""
    with reading():
        return {"items": queries.listed(call.who)}
