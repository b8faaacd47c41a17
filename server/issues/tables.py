"""The read models of issues and comments."""

from datetime import date

from sqlalchemy import Boolean, Date, Index, SmallInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from server.database import RecordRow

NO_DEADLINE = date(9999, 12, 31)  # sorts after every real one, so that the keyset has no nulls


class IssueRow(RecordRow):
    """One issue as the supervisors' queue reads it."""

    __tablename__ = "issues"
    state: Mapped[str] = mapped_column(String(20))
    gravity: Mapped[int] = mapped_column(SmallInteger)
    domain: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(200))
    part: Mapped[str | None] = mapped_column(String(200))
    due_on: Mapped[date] = mapped_column(Date)
    found_at: Mapped[str] = mapped_column(String(24))
    assignee: Mapped[str | None] = mapped_column(String(36))
    inspection: Mapped[str | None] = mapped_column(String(36))
    contractor: Mapped[str | None] = mapped_column(String(18))
    words: Mapped[str] = mapped_column(Text)
    code: Mapped[str | None] = mapped_column(String(40))
    issued_at: Mapped[str | None] = mapped_column(String(24))
    replied_at: Mapped[str | None] = mapped_column(String(24))
    passed_at: Mapped[str | None] = mapped_column(String(24))
    closed_at: Mapped[str | None] = mapped_column(String(24))
    # Whether a re-inspection has ever failed: measures of the first pass need it.
    failed: Mapped[bool] = mapped_column(Boolean, default=False)
    # The clock stands still since this day.
    paused_on: Mapped[date | None] = mapped_column(Date)
    __table_args__ = (
        Index("issues_found", "found_at", "dossier", "id"),
        Index("issues_due", "due_on", "dossier", "id"),
        Index("issues_gravity", "gravity", "dossier", "id"),
        # A state's issues in each order; what most filters ask beside stands in the index too.
        Index("issues_state_found", "state", "found_at", "dossier", "id", "gravity", "domain"),
        Index("issues_state_gravity", "state", "gravity", "dossier", "id", "domain"),
        # Whatever is counted stands in this one: the rows themselves are ten times as many bytes.
        Index(
            "issues_state_due",
            *("state", "due_on", "dossier", "id", "gravity", "domain", "audience", "deleted", "paused_on"),
        ),
        Index("issues_assignee", "assignee", "found_at"),
        Index("issues_id", "id"),
        Index("issues_code", "dossier", "code", "found_at"),
    )


class CommentRow(RecordRow):
    """One comment under its subject."""

    __tablename__ = "comments"
    subject: Mapped[str] = mapped_column(String(36))
    said_at: Mapped[str] = mapped_column(String(24))
    author: Mapped[str] = mapped_column(String(36))
    text: Mapped[str] = mapped_column(Text)
    __table_args__ = (Index("comments_subject", "dossier", "subject", "said_at"),)


class PaperRow(RecordRow):
    """What lies under an issue: replies, reviews, requests, pauses, steps of the ladder."""

    __tablename__ = "papers"
    kind: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(36))
    at: Mapped[str] = mapped_column(String(24))
    state: Mapped[str | None] = mapped_column(String(20))
    body: Mapped[str] = mapped_column(Text)
    __table_args__ = (
        Index("papers_subject", "dossier", "subject", "at"),
        Index("papers_kind", "kind", "at", "dossier"),
    )
