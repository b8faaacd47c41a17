"""Saved views. No journal: how somebody likes to look at the queue is no evidence (decision 0015)."""

from sqlalchemy import Boolean, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Model


class ViewRow(Model):
    """A named filter of the queue with its order; `filter` is JSON, only what narrows stands in it."""

    __tablename__ = "views"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    owner: Mapped[str] = mapped_column(String(36))
    name: Mapped[str] = mapped_column(String(60))
    shared: Mapped[bool] = mapped_column(Boolean)
    filter: Mapped[str] = mapped_column(Text)
    sort: Mapped[str] = mapped_column(String(20))
    changed_at: Mapped[str] = mapped_column(String(24))
    __table_args__ = (Index("views_owner", "owner"), Index("views_shared", "shared"))
