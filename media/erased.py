"""What was erased by law is not taken in again, whoever sends it."""

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
