"""The read model of projects."""

from sqlalchemy import Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from server.database import RecordRow


class ProjectRow(RecordRow):
    """One project as lists and maps read it."""

    __tablename__ = "projects"
    name: Mapped[str] = mapped_column(String(120))
    stage: Mapped[str] = mapped_column(String(40))
    risk: Mapped[str | None] = mapped_column(String(10))
    street: Mapped[str | None] = mapped_column(String(9))
    address: Mapped[str | None] = mapped_column(String(200))
    contractor: Mapped[str | None] = mapped_column(String(18))
    lat_e7: Mapped[int | None] = mapped_column(Integer)
    lon_e7: Mapped[int | None] = mapped_column(Integer)
    officer: Mapped[str | None] = mapped_column(String(36))
    officer_since: Mapped[str | None] = mapped_column(String(24))
    __table_args__ = (Index("projects_street", "street", "dossier"),)
