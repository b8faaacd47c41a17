"""The read model of markups."""

from sqlalchemy import Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from server.database import RecordRow


class MarkupRow(RecordRow):
    """What one person drew over one photograph: strokes as the data of an SVG path, told in a picture of
    `width` × `height` units.
    """

    __tablename__ = "markups"
    photo: Mapped[str] = mapped_column(String(36))
    width: Mapped[int] = mapped_column(Integer)
    height: Mapped[int] = mapped_column(Integer)
    strokes: Mapped[str] = mapped_column(Text)
    caption: Mapped[str | None] = mapped_column(String(400))
    drawn_by: Mapped[str] = mapped_column(String(36))
    __table_args__ = (Index("markups_photo", "dossier", "photo"),)
