"""Every kind of record, in the order a project meets them: the table of contents of the house."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from sync.journal import Journal, Projection
from sync.minutes import Touched
from sync.record import Kind
from sync.schema import Ledger

from .inspections.queries import project as project_inspections
from .inspections.records.inspection import INSPECTION
from .issues.queries import project_comments, project_issues
from .issues.records.comment import COMMENT
from .issues.records.issue import ISSUE
from .law.queries import project_calendars, project_provisions
from .law.records.calendar import CALENDAR
from .law.records.provision import PROVISION
from .notices.followers import follow as follow_notices
from .notices.queries import project as project_notices
from .notices.records.notice import NOTICE
from .numbers.actions import follow as follow_blocks
from .numbers.queries import project as project_blocks
from .numbers.records.block import BLOCK
from .photos.actions import follow as follow_photos
from .photos.queries import project as project_photos
from .photos.records.photo import PHOTO
from .projects.queries import project as project_projects
from .projects.records.project import PROJECT


@dataclass(frozen=True, slots=True)
class Line:
    """A kind, the read model that follows it in the same transaction, and what is due after it."""

    kind: Kind
    project: Projection
    follow: Callable[[str, Sequence[Touched]], None] | None = None


CATALOGUE = (
    Line(PROVISION, project_provisions),
    Line(CALENDAR, project_calendars),
    Line(PROJECT, project_projects),
    Line(INSPECTION, project_inspections),
    Line(ISSUE, project_issues),
    Line(PHOTO, project_photos, follow_photos),
    Line(COMMENT, project_comments),
    Line(BLOCK, project_blocks, follow_blocks),
    Line(NOTICE, project_notices, follow_notices),
)


# A kind that gains fields which older servers would refuse, or renames one, publishes a schema: one
# line here, its lifts in the kind. What was superseded 18 months ago is no longer taken in.
SCHEMAS = Ledger({1: date(2026, 11, 22)})


def journal() -> Journal:
    """The engine with every kind of the house."""
    kinds = (line.kind for line in CATALOGUE)
    return Journal(kinds, {c.kind.name: c.project for c in CATALOGUE}, SCHEMAS)


def followers() -> dict[str, Callable[[str, Sequence[Touched]], None]]:
    """What is done after a commit that touched a kind."""
    return {line.kind.name: line.follow for line in CATALOGUE if line.follow is not None}
