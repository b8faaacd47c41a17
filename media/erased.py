"""What was erased by law is not taken in again, whoever sends it."""

from collections.abc import Collection

from sqlalchemy import Connection, and_, select

from media.tables import forgotten


def was_erased(conn: Connection, dossier: str, digest: str) -> bool:
    """Whether these bytes were erased in this dossier. One look-up by key."""
    gone = and_(forgotten.c.dossier == dossier, forgotten.c.sha256 == digest, forgotten.c.original)
    return conn.execute(select(forgotten.c.left).where(gone)).first() is not None


def erased(conn: Connection, dossier: str) -> set[str]:
    """The digests of all bytes that were erased in this dossier. One statement."""
    gone = and_(forgotten.c.dossier == dossier, forgotten.c.original)
    return set(conn.execute(select(forgotten.c.sha256).where(gone)).scalars())


def spoken_of(conn: Connection, dossier: str, digests: Collection[str]) -> set[str]:
    """Of which of these bytes something that was said was erased. One statement."""
    said = and_(
        forgotten.c.dossier == dossier, forgotten.c.sha256.in_(digests), forgotten.c.original.is_(False)
    )
    return set(conn.execute(select(forgotten.c.sha256).where(said)).scalars())
