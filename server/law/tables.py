"""The read models of provisions and calendars."""

from datetime import date

from sqlalchemy import BigInteger, Boolean, Date, Index, SmallInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Model


class ProvisionRow(Model):
    """One provision: what it says, from when to when."""

    __tablename__ = "provisions"
    dossier: Mapped[str] = mapped_column(String(96), primary_key=True)
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)
    deleted: Mapped[bool] = mapped_column(Boolean)
    code: Mapped[str] = mapped_column(String(80))
    value: Mapped[str] = mapped_column(Text)
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    title: Mapped[str | None] = mapped_column(String(200))
    citation: Mapped[str | None] = mapped_column(String(400))
    certainty: Mapped[str | None] = mapped_column(String(20))
    __table_args__ = (Index("provisions_code", "dossier", "code", "valid_from"),)


class CalendarRow(Model):
    """One year's working days, as JSON lists of dates."""

    __tablename__ = "calendars"
    dossier: Mapped[str] = mapped_column(String(96), primary_key=True)
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)
    deleted: Mapped[bool] = mapped_column(Boolean)
    year: Mapped[int] = mapped_column(SmallInteger)
    holidays: Mapped[str] = mapped_column(Text)
    worked: Mapped[str] = mapped_column(Text)
    citation: Mapped[str | None] = mapped_column(String(400))
    __table_args__ = (Index("calendars_year", "dossier", "year"),)
