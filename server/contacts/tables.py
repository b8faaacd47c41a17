"""The read model of contacts: what everybody who knows a site's parties may be told, and no number."""

from datetime import date

from sqlalchemy import Date, String
from sqlalchemy.orm import Mapped, mapped_column

from server.database import RecordRow


class ContactRow(RecordRow):
    """One contact as a list tells it; `hint` is the number with stars. A note may hold another one: it is
    not here.
    """

    __tablename__ = "contacts"
    name: Mapped[str] = mapped_column(String(40))
    organisation: Mapped[str] = mapped_column(String(40))
    role: Mapped[str] = mapped_column(String(40))
    hint: Mapped[str | None] = mapped_column(String(20))
    valid_from: Mapped[date | None] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
