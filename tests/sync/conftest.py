"""What tests of the replica share."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from server.catalogue import journal
from sync.replica import Replica
from tests.support.house import House, new_id


@pytest.fixture
def device(site: House, tmp_path: Path) -> Iterator[Callable[[str], Replica]]:
    """Makes replicas by name, each on a file of its own; the same name opens the same file."""
    made: list[Replica] = []

    def make(name: str) -> Replica:
        path = tmp_path / f"{name}.db"
        replica = Replica(path, kinds=journal().kinds, clock=site.clock, new_id=new_id, device=name)
        made.append(replica)
        return replica

    yield make
    for replica in made:
        replica.close()
