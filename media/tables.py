"""What the office knows of bytes at rest: one line for each file of a dossier."""

from sqlalchemy import BigInteger, Column, DateTime, Integer, MetaData, String, Table

metadata = MetaData()

blobs = Table(
    "blobs",
    metadata,
    # The dossier first, so that PostgreSQL can be partitioned by it (design.md §4).
    Column("dossier", String(96), primary_key=True),
    Column("sha256", String(64), primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("mime", String(40), nullable=False),
    Column("stored_at", DateTime(timezone=True), nullable=False),
    # What became of its renditions: null = not yet tried, "ok", "undecodable", "unsupported",
    # "missing" (the bytes were gone when it was tried; asked again, it is tried again).
    Column("picture", String(16)),
    # As a viewer sees the picture: after its EXIF orientation, in pixels.
    Column("width", Integer),
    Column("height", Integer),
)
