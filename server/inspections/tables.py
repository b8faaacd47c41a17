"""The read models of inspections, checklists, answers, plans and assignments."""

from datetime import date

from sqlalchemy import BigInteger, Boolean, Date, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Model, RecordRow


class InspectionRow(RecordRow):
    """One visit as lists read it."""

    __tablename__ = "inspections"
    inspection_type: Mapped[str] = mapped_column(String(40))
    arrived_at: Mapped[str] = mapped_column(String(24))
    conclusion: Mapped[str | None] = mapped_column(String(20))
    part: Mapped[str | None] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(20), server_default="draft")
    checklist: Mapped[str | None] = mapped_column(String(36))
    # As the visit names it; where it does not, the project's contractor is meant.
    firm: Mapped[str | None] = mapped_column(String(18))
    above_cap: Mapped[str | None] = mapped_column(String(20))
    __table_args__ = (
        Index("inspections_arrived", "arrived_at", "id"),
        Index("inspections_dossier", "dossier", "arrived_at"),
        Index("inspections_id", "id"),
    )


class OfficerRow(Model):
    """One person on an inspection, an assignment or a paper."""

    __tablename__ = "officers"
    dossier: Mapped[str] = mapped_column(String(96), primary_key=True)
    record: Mapped[str] = mapped_column(String(36), primary_key=True)
    person: Mapped[str] = mapped_column(String(36), primary_key=True)
    __table_args__ = (Index("officers_person", "person", "dossier"),)


class TemplateRow(Model):
    """One edition of a checklist; `content` is its whole body as JSON."""

    __tablename__ = "templates"
    dossier: Mapped[str] = mapped_column(String(96), primary_key=True)
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)
    deleted: Mapped[bool] = mapped_column(Boolean)
    state: Mapped[str] = mapped_column(String(20))
    code: Mapped[str] = mapped_column(String(40))
    edition: Mapped[int] = mapped_column(Integer)
    title: Mapped[str] = mapped_column(String(120))
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    content: Mapped[str] = mapped_column(Text)
    __table_args__ = (Index("templates_code", "dossier", "code", "edition"),)


class AnswerRow(RecordRow):
    """One answered item, as the score reads it."""

    __tablename__ = "answers"
    inspection: Mapped[str] = mapped_column(String(36))
    form: Mapped[str] = mapped_column(String(40))
    instance: Mapped[str] = mapped_column(String(60))
    item: Mapped[str] = mapped_column(String(40))
    result: Mapped[str] = mapped_column(String(10))
    deduct: Mapped[int | None] = mapped_column(Integer)
    measurement: Mapped[str | None] = mapped_column(String(20))
    __table_args__ = (Index("answers_inspection", "dossier", "inspection"),)


class RecusalRow(Model):
    """Who may not inspect whom."""

    __tablename__ = "recusals"
    dossier: Mapped[str] = mapped_column(String(96), primary_key=True)
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)
    deleted: Mapped[bool] = mapped_column(Boolean)
    officer: Mapped[str] = mapped_column(String(36))
    firm: Mapped[str | None] = mapped_column(String(18))
    project: Mapped[str | None] = mapped_column(String(96))
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    __table_args__ = (Index("recusals_officer", "officer"),)


class PlanRow(RecordRow):
    """One plan: from when to when, and the cap it sets."""

    __tablename__ = "plans"
    state: Mapped[str] = mapped_column(String(20))
    sort: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(120))
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    cap_per_firm: Mapped[int | None] = mapped_column(Integer)
    frequency: Mapped[str | None] = mapped_column(Text)


class AssignmentRow(RecordRow):
    """One visit that somebody is to make."""

    __tablename__ = "assignments"
    state: Mapped[str] = mapped_column(String(20))
    due_on: Mapped[date] = mapped_column(Date)
    inspection_type: Mapped[str] = mapped_column(String(40))
    checklist: Mapped[str | None] = mapped_column(String(36))
    plan: Mapped[str | None] = mapped_column(String(36))
    __table_args__ = (Index("assignments_due", "state", "due_on"),)
