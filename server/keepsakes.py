"""What must outlive the database: notes in the store, where no restore of a backup can forget them.

A backup that is put back knows nothing of what came after it: which epochs were opened (a device would
not notice the next one), and what was erased (it would be there again).
"""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from media.store import kept_key
from sync.canonical import canonical, sha256

from .office import office


def note(topic: str, dossier: str, name: str, fact: Mapping[str, Any]) -> None:
    """Rest a note, once; noting the same again changes nothing. Durable when it returns.

    Raises StoreUnavailable, BytesDiffer where another note of this name rests there.
    """
    here, data = office(), canonical(dict(fact))
    with tempfile.TemporaryDirectory(dir=here.config.scratch) as folder:
        file = Path(folder) / "note"
        file.write_bytes(data)
        here.store.put(kept_key(topic, dossier, name), file, sha256=sha256(data))


def noted(topic: str) -> Iterator[dict[str, Any]]:
    """All notes of a topic. Raises StoreUnavailable."""
    store = office().store
    for one in store.walk(f"kept/{topic}"):
        with store.open(one.key) as file:
            told: dict[str, Any] = orjson.loads(file.read())
        yield told
