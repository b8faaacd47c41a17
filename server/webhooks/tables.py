"""Subscriptions, and how far each has been told of each dossier. The journal itself is the queue."""

from sqlalchemy import BigInteger, Boolean, Index, SmallInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Model


class Webhook(Model):
    """A receiver of somebody's; url and secrets are sealed. `kinds` and `dossiers` are JSON lists, or
    null for all that the owner may read.
    """

    __tablename__ = "webhooks"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    owner: Mapped[str] = mapped_column(String(36))
    url: Mapped[str] = mapped_column(Text)
    host: Mapped[str] = mapped_column(String(260))
    secret: Mapped[str] = mapped_column(Text)
    # Signs too until then, so that a receiver can change over at its leisure.
    old_secret: Mapped[str | None] = mapped_column(Text)
    old_until: Mapped[str | None] = mapped_column(String(24))
    kinds: Mapped[str | None] = mapped_column(Text)
    dossiers: Mapped[str | None] = mapped_column(Text)
    active: Mapped[bool] = mapped_column(Boolean)
    why: Mapped[str | None] = mapped_column(String(20))
    made_at: Mapped[str] = mapped_column(String(24))
    attempts: Mapped[int] = mapped_column(SmallInteger)
    next_at: Mapped[str] = mapped_column(String(24))
    claimed_by: Mapped[str | None] = mapped_column(String(36))
    claimed_until: Mapped[str | None] = mapped_column(String(24))
    last_error: Mapped[str | None] = mapped_column(String(60))
    __table_args__ = (Index("webhooks_owner", "owner"), Index("webhooks_due", "active", "next_at"))


class Stream(Model):
    """One dossier of a subscription: told up to `seq`; `upto` while a stretch is being told, which keeps
    its bounds, and so its id, however often it is sent.
    """

    __tablename__ = "webhook_streams"
    dossier: Mapped[str] = mapped_column(String(96), primary_key=True)
    webhook: Mapped[str] = mapped_column(String(36), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger)
    upto: Mapped[int | None] = mapped_column(BigInteger)
    tried_at: Mapped[str] = mapped_column(String(24))
    failing_since: Mapped[str | None] = mapped_column(String(24))
    last_error: Mapped[str | None] = mapped_column(String(60))
    __table_args__ = (Index("webhook_streams_webhook", "webhook"),)
