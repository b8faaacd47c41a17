"""People, what they hold where and since when, and their sign-ins."""

from datetime import date

from sqlalchemy import Boolean, Date, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Model


class Person(Model):
    """A person who can sign in. The id is what the journal names; the name can be erased."""

    __tablename__ = "people"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    username: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    title: Mapped[str] = mapped_column(String(80), default="")
    password: Mapped[str] = mapped_column(String(200))
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    # Since when the person is not active; what they bring later waits for a reviewer.
    left_at: Mapped[str | None] = mapped_column(String(24))
    # 行政执法证: its number, and the last day on which it holds; without one nobody inspects a firm.
    licence_no: Mapped[str | None] = mapped_column(String(40))
    licence_until: Mapped[date | None] = mapped_column(Date)


class Post(Model):
    """A dated duty: a role in a dossier, from a moment until another. Rows are never removed."""

    __tablename__ = "posts"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    person: Mapped[str] = mapped_column(ForeignKey("people.id"))
    dossier: Mapped[str] = mapped_column(String(96))
    role: Mapped[str] = mapped_column(String(40))
    firm: Mapped[str | None] = mapped_column(String(18))
    since: Mapped[str] = mapped_column(String(24))
    until: Mapped[str | None] = mapped_column(String(24))
    # Why it ended: a code of ENDED; None where `until` was agreed beforehand and has come.
    ended: Mapped[str | None] = mapped_column(String(20))
    __table_args__ = (Index("posts_person", "person"), Index("posts_dossier", "dossier"))


class Session(Model):
    """One sign-in at one device; only the SHA-256 of its token is kept."""

    __tablename__ = "sessions"
    token: Mapped[str] = mapped_column(String(64), primary_key=True)
    person: Mapped[str] = mapped_column(ForeignKey("people.id"))
    device: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[str] = mapped_column(String(24))
    expires_at: Mapped[str] = mapped_column(String(24))
    ended_at: Mapped[str | None] = mapped_column(String(24))
    __table_args__ = (Index("sessions_person", "person"),)
