"""The codes by which devices are enrolled."""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Model


class Enrolment(Model):
    """A one-time code, of which only the SHA-256 is kept, and the device that came of it."""

    __tablename__ = "enrolments"
    code: Mapped[str] = mapped_column(String(64), primary_key=True)
    # Whose device it will be; None for a tablet that several people share.
    person: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    name: Mapped[str] = mapped_column(String(80))
    made_by: Mapped[str] = mapped_column(String(36))
    expires_at: Mapped[str] = mapped_column(String(24))
    device: Mapped[str | None] = mapped_column(String(64))
    session: Mapped[str | None] = mapped_column(String(36))
