"""The read models of orders to erase and of holds."""

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from server.database import RecordRow


class ErasureRow(RecordRow):
    """An order to erase: which record, and how far it has come."""

    __tablename__ = "erasures"
    state: Mapped[str] = mapped_column(String(10))
    subject: Mapped[str] = mapped_column(String(36))
    asked_at: Mapped[str] = mapped_column(String(24))
    __table_args__ = (Index("erasures_state", "state"),)


class HoldRow(RecordRow):
    """A hold; without a `subject` it covers its whole dossier."""

    __tablename__ = "holds"
    state: Mapped[str] = mapped_column(String(10))
    subject: Mapped[str | None] = mapped_column(String(36))
