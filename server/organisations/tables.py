"""The read model of organisations."""

from datetime import date

from sqlalchemy import Date, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from server.database import RecordRow


class OrganisationRow(RecordRow):
    """One organisation as it is looked up by its code and listed."""

    __tablename__ = "organisations"
    code: Mapped[str] = mapped_column(String(40))
    sort: Mapped[str] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(String(120))
    parties: Mapped[str] = mapped_column(Text)  # a JSON list, as `duties`
    qualification: Mapped[str | None] = mapped_column(String(400))
    qualified_until: Mapped[date | None] = mapped_column(Date)
    duties: Mapped[str] = mapped_column(Text)
    words: Mapped[str] = mapped_column(Text)  # name and code in small letters, for those who search
    __table_args__ = (Index("organisations_code", "dossier", "code"),)
