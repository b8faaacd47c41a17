"""People, what they hold where and since when, their devices and their sign-ins."""

from datetime import date

from sqlalchemy import Boolean, Date, ForeignKey, Index, Integer, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Model, RecordRow


class Person(Model):
    """A person who can sign in. The id is what the journal names; the name can be erased."""

    __tablename__ = "people"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    username: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    title: Mapped[str] = mapped_column(String(80), default="")
    password: Mapped[str] = mapped_column(String(200))
    # Where set, the password was given out: it opens nothing until its owner has changed it, by then.
    once_until: Mapped[str | None] = mapped_column(String(24))
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


class Device(Model):
    """A phone or tablet that was enrolled: whoever holds its private key is it. Rows are never removed."""

    __tablename__ = "devices"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    key: Mapped[str] = mapped_column(String(16), unique=True)
    public: Mapped[str] = mapped_column(String(88))
    name: Mapped[str] = mapped_column(String(80))
    # Whose it is; None for a tablet that several people share.
    person: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    enrolled_at: Mapped[str] = mapped_column(String(24))
    enrolled_by: Mapped[str] = mapped_column(String(36))
    seen_at: Mapped[str | None] = mapped_column(String(24))
    revoked_at: Mapped[str | None] = mapped_column(String(24))
    # An order to wipe: its id, since when, whether the outbox is to come home first, when it was done.
    wipe: Mapped[str | None] = mapped_column(String(36))
    wipe_at: Mapped[str | None] = mapped_column(String(24))
    push_first: Mapped[bool] = mapped_column(Boolean, default=False)
    wiped_at: Mapped[str | None] = mapped_column(String(24))
    unsent: Mapped[int | None] = mapped_column(Integer)  # what was still in the outbox when it was wiped
    __table_args__ = (Index("devices_person", "person"),)


class DeviceKeyRow(RecordRow):
    """The read model of a key that a device signs with; `until` where it holds no longer."""

    __tablename__ = "device_keys"
    key: Mapped[str] = mapped_column(String(16))
    person: Mapped[str] = mapped_column(String(36))
    device: Mapped[str] = mapped_column(String(64))
    public: Mapped[str] = mapped_column(String(88))
    since: Mapped[str] = mapped_column(String(24))
    until: Mapped[str | None] = mapped_column(String(24))
    __table_args__ = (Index("device_keys_person", "person"), Index("device_keys_key", "key"))


class Session(Model):
    """One sign-in at one device; only the SHA-256 of its token is kept.

    At an enrolled device (`key`) the token that is kept here opens nothing: what opens is made of the
    session's id, for ten minutes each time, and `token` is the digest of that id (queries.py).
    """

    __tablename__ = "sessions"
    token: Mapped[str] = mapped_column(String(64), primary_key=True)
    person: Mapped[str] = mapped_column(ForeignKey("people.id"))
    device: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[str] = mapped_column(String(24))
    expires_at: Mapped[str] = mapped_column(String(24))
    ended_at: Mapped[str | None] = mapped_column(String(24))
    # What the previous release wrote has no id, and is over in half a day.
    id: Mapped[str | None] = mapped_column(String(36), unique=True)
    key: Mapped[str | None] = mapped_column(String(16))
    until: Mapped[str | None] = mapped_column(String(24))  # however often it is renewed
    renewal: Mapped[str | None] = mapped_column(String(64))  # the device's name for its last renewal
    renewed_at: Mapped[str | None] = mapped_column(String(24))
    factors: Mapped[int] = mapped_column(SmallInteger, default=1, server_default="1")
    place: Mapped[str | None] = mapped_column(String(43))  # a mark of the address, not the address
    agent: Mapped[str | None] = mapped_column(String(120))
    __table_args__ = (Index("sessions_person", "person"), Index("sessions_device", "device"))
