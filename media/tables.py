"""What the office knows of bytes at rest: a line for each file, a line for what each picture tells."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Index, Integer, MetaData, String, Table

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
    # What became of its renditions: null = not yet tried, "ok", "reduced" (not as large as it is, where that
    # is asked for), "undecodable", "unsupported",
    # "missing" (the bytes were gone when it was tried; asked again, it is tried again).
    Column("picture", String(16)),
    # As a viewer sees the picture: after its EXIF orientation, in pixels.
    Column("width", Integer),
    Column("height", Integer),
)

# What was erased by law: with `original` its bytes, which are never taken in again; without, what was
# said of it beside it. `left`: the store still holds some of it (it was away, or holds it under a lock).
forgotten = Table(
    "forgotten",
    metadata,
    Column("dossier", String(96), primary_key=True),
    Column("sha256", String(64), primary_key=True),
    Column("original", Boolean, nullable=False),
    Column("left", Boolean, nullable=False),
    Index("forgotten_left", "left"),
)

# Written when the renditions are made; an original that cannot be decoded has none.
pictures = Table(
    "pictures",
    metadata,
    Column("dossier", String(96), primary_key=True),
    Column("sha256", String(64), primary_key=True),
    # Hints from its EXIF (media/exif.py): local time without an offset where the camera noted none.
    Column("taken_at", String(32)),
    Column("lat_e7", Integer),
    Column("lon_e7", Integer),
    Column("orientation", Integer),
    Column("camera", String(80)),
    # dHash across, of the picture and of its mirror, and down (media/likeness.py), 16 hex digits: a
    # BIGINT is signed. Where only the last is missing, an earlier release looked at the picture.
    Column("likeness", String(16)),
    Column("mirror", String(16)),
    Column("down", String(16)),
    # The first's four bands; a look-up goes over one index a band, which holds all that is compared.
    *(Column(f"band_{n}", Integer) for n in range(4)),
)
for _n in range(4):
    Index(f"pictures_band_{_n}", pictures.c[f"band_{_n}"], pictures.c.likeness, pictures.c.down)
