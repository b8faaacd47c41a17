"""What was told to whom, by which channels, and how each delivery went.

No journal: these rows are about the office's post, and nobody's records.
"""

from sqlalchemy import Boolean, Index, SmallInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Model


class Notification(Model):
    """One message to one owner: `person:<id>`, `firm:<uscc>` or `office`. Its id is made of the key and
    the owner, so that telling twice is telling once. `home` and `home_record` say what it is about.
    """

    __tablename__ = "notifications"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    key: Mapped[str] = mapped_column(String(200))
    owner: Mapped[str] = mapped_column(String(64))
    template: Mapped[str] = mapped_column(String(60))
    facts: Mapped[str] = mapped_column(Text)
    urgent: Mapped[bool] = mapped_column(Boolean)
    home: Mapped[str | None] = mapped_column(String(96))
    home_record: Mapped[str | None] = mapped_column(String(36))
    made_at: Mapped[str] = mapped_column(String(24))
    read_at: Mapped[str | None] = mapped_column(String(24))
    __table_args__ = (Index("notifications_owner", "owner", "made_at", "id"),)


class Channel(Model):
    """A way to reach an owner; the address is sealed (it holds tokens), `hint` is what people see."""

    __tablename__ = "channels"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    owner: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(12))
    address: Mapped[str] = mapped_column(Text)
    hint: Mapped[str] = mapped_column(String(80))
    active: Mapped[bool] = mapped_column(Boolean)
    made_at: Mapped[str] = mapped_column(String(24))
    __table_args__ = (Index("channels_owner", "owner"),)


class Preference(Model):
    """How an owner wants to be told; the office's row is everybody's who has none."""

    __tablename__ = "preferences"
    owner: Mapped[str] = mapped_column(String(64), primary_key=True)
    language: Mapped[str] = mapped_column(String(2))
    quiet_from: Mapped[int] = mapped_column(SmallInteger)
    quiet_to: Mapped[int] = mapped_column(SmallInteger)
    digest: Mapped[bool] = mapped_column(Boolean)


class Delivery(Model):
    """A notification on its way by one channel: `waiting`, `sent`, `given_up` or `cancelled`.

    `batch` is the id of the message that it went out in; once given it never changes, so that
    sending again is the same message. `claimed_by` is who sends it now, until `claimed_until`.
    """

    __tablename__ = "deliveries"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    notification: Mapped[str] = mapped_column(String(36))
    channel: Mapped[str] = mapped_column(String(36))
    kind: Mapped[str] = mapped_column(String(12))
    owner: Mapped[str] = mapped_column(String(64))
    template: Mapped[str] = mapped_column(String(60))
    urgent: Mapped[bool] = mapped_column(Boolean)
    home: Mapped[str | None] = mapped_column(String(96))
    state: Mapped[str] = mapped_column(String(10))
    attempts: Mapped[int] = mapped_column(SmallInteger)
    made_at: Mapped[str] = mapped_column(String(24))
    next_at: Mapped[str] = mapped_column(String(24))
    batch: Mapped[str | None] = mapped_column(String(36))
    claimed_by: Mapped[str | None] = mapped_column(String(36))
    claimed_until: Mapped[str | None] = mapped_column(String(24))
    tried_at: Mapped[str | None] = mapped_column(String(24))
    sent_at: Mapped[str | None] = mapped_column(String(24))
    last_error: Mapped[str | None] = mapped_column(String(60))
    __table_args__ = (
        Index("deliveries_due", "state", "next_at"),
        Index("deliveries_channel", "channel", "state"),
        Index("deliveries_age", "made_at", "id"),
        Index("deliveries_batch", "batch"),
    )
