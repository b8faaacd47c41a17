"""Every kind of record, in the order a project meets them: the table of contents of the house."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from sync.guards import Guard
from sync.journal import Journal, Projection
from sync.minutes import Touched
from sync.record import Kind
from sync.schema import Ledger

from .contacts.queries import GUARD as CONTACTS
from .contacts.queries import project as project_contacts
from .contacts.records.contact import CONTACT
from .erasures.actions import follow as follow_erasures
from .erasures.queries import GUARD as HOLDS
from .erasures.queries import project_erasures, project_holds
from .erasures.records.erasure import ERASURE
from .erasures.records.hold import HOLD
from .evidence.queries import project as project_device_keys
from .evidence.records.device_key import DEVICE_KEY
from .findings import followers as findings
from .handovers.actions import complete as complete_handovers
from .handovers.queries import GUARD as RESPONSIBLE
from .handovers.queries import project as project_handovers
from .handovers.records.handover import HANDOVER
from .inspections.queries import projections as inspections
from .inspections.queries.officers import GUARD as OFFICERS
from .inspections.records.answer import ANSWER
from .inspections.records.assignment import ASSIGNMENT
from .inspections.records.inspection import INSPECTION
from .inspections.records.plan import PLAN
from .inspections.records.recusal import RECUSAL
from .inspections.records.signature import SIGNATURE
from .inspections.records.template import TEMPLATE
from .issues.actions import DEADLINES, REQUESTS, REVIEWERS
from .issues.followers import follow_extensions, follow_issues, follow_pauses
from .issues.queries import project_comments, project_issues, project_papers
from .issues.records.comment import COMMENT
from .issues.records.escalation import ESCALATION
from .issues.records.extension import EXTENSION
from .issues.records.issue import ISSUE
from .issues.records.pause import PAUSE
from .issues.records.reply import REPLY
from .issues.records.review import REVIEW
from .law.queries import project_calendars, project_provisions
from .law.records.calendar import CALENDAR
from .law.records.provision import PROVISION
from .markups.queries import project as project_markups
from .markups.records.markup import MARKUP
from .notices.followers import follow as follow_notices
from .notices.followers import follow_escalations
from .notices.queries import project as project_notices
from .notices.records.notice import NOTICE
from .numbers.actions import follow as follow_blocks
from .numbers.queries import project as project_blocks
from .numbers.records.block import BLOCK
from .organisations.queries import GUARD as CODES
from .organisations.queries import project as project_organisations
from .organisations.records.organisation import ORGANISATION
from .photos.actions import follow as follow_photos
from .photos.queries import project as project_photos
from .photos.records.attachment import ATTACHMENT
from .photos.records.photo import PHOTO
from .projects.queries import project as project_projects
from .projects.records.project import PROJECT
from .security.records.watch import WATCH

Follower = Callable[[str, Sequence[Touched]], None]
Completion = Callable[[Connection, Sequence[Touched]], None]


@dataclass(frozen=True, slots=True)
class Line:
    """A kind, the read model that follows it in the same transaction, what is due after it, what guards
    it by facts beyond the record, and what belongs to it in the same transaction (decision 0034).
    """

    kind: Kind
    project: Projection | None = None
    follow: Follower | None = None
    guard: Guard | None = None
    complete: Completion | None = None


def _each(*follow: Follower) -> Follower:
    """Several features follow one kind, one after the other."""

    def all_of_them(dossier: str, touched: Sequence[Touched]) -> None:
        for one in follow:
            one(dossier, touched)

    return all_of_them


CATALOGUE = (
    Line(PROVISION, project_provisions),
    Line(CALENDAR, project_calendars),
    Line(TEMPLATE, inspections.project_templates),
    Line(ORGANISATION, project_organisations, guard=CODES),
    Line(PLAN, inspections.project_plans),
    Line(DEVICE_KEY, project_device_keys),
    Line(RECUSAL, inspections.project_recusals),
    Line(PROJECT, project_projects),
    Line(CONTACT, project_contacts, guard=CONTACTS),
    Line(HANDOVER, project_handovers, guard=RESPONSIBLE, complete=complete_handovers),
    Line(ASSIGNMENT, inspections.project_assignments),
    Line(INSPECTION, inspections.project_inspections, guard=OFFICERS),
    Line(ANSWER, inspections.project_answers, findings.follow_answers),
    Line(SIGNATURE),
    Line(ISSUE, project_issues, _each(follow_issues, findings.follow_issues), DEADLINES),
    Line(PHOTO, project_photos, _each(follow_photos, findings.follow_photos)),
    Line(ATTACHMENT, project_photos, _each(follow_photos, findings.follow_photos)),
    Line(MARKUP, project_markups),
    Line(COMMENT, project_comments),
    Line(REPLY, project_papers),
    Line(REVIEW, project_papers, guard=REVIEWERS),
    Line(EXTENSION, project_papers, follow_extensions, REQUESTS),
    Line(PAUSE, project_papers, follow_pauses),
    Line(ESCALATION, project_papers, follow_escalations),
    Line(BLOCK, project_blocks, follow_blocks),
    Line(NOTICE, project_notices, follow_notices),
    Line(WATCH),
    Line(HOLD, project_holds),
    Line(ERASURE, project_erasures, follow_erasures, HOLDS),
)


# A kind that gains fields which older servers would refuse, or renames one, publishes a schema: one
# line here, its lifts in the kind. What was superseded 18 months ago is no longer taken in.
SCHEMAS = Ledger({1: date(2026, 11, 22)})


def journal() -> Journal:
    """The engine with every kind of the house."""
    kinds = (line.kind for line in CATALOGUE)
    projections = {line.kind.name: line.project for line in CATALOGUE if line.project is not None}
    guards = {line.kind.name: line.guard for line in CATALOGUE if line.guard is not None}
    return Journal(kinds, projections, SCHEMAS, guards)


# What a crash may leave undone after these is found again in the journals (consequences.py).
AFTERMATH = ("answer", "issue", "photo", "attachment", "extension", "pause", "escalation", "notice")


def followers() -> dict[str, Follower]:
    """What is done after a commit that touched a kind."""
    return {line.kind.name: line.follow for line in CATALOGUE if line.follow is not None}


def completions() -> dict[str, Completion]:
    """What is done in the transaction that touched a kind, because it may not stand without it."""
    return {line.kind.name: line.complete for line in CATALOGUE if line.complete is not None}
