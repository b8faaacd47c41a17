"""A second S3 endpoint, which keeps few promises: the doctor finds it out, and photographs rest there
all the same, created once because the house asks first.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from media.doctor import PROBES
from media.errors import BytesDiffer
from media.s3 import S3Store
from media.store import original_key
from server.app import create_app
from server.cli import main
from server.database import db
from server.doctor import examined
from tests.server.test_photos import WJ, photo, stored, upload
from tests.server.test_reconcile import reconciled, sha256
from tests.support.house import Clock, House, config_for, jpeg, new_id
from tests.support.s3_server import S3Server, client

pytestmark = pytest.mark.usefixtures("credentials")

# What JuiceFS 1.4 cannot do, as the doctor sees it. All else it can.
CANNOT = {
    "create-once: the second put is refused": "overwritten",
    "create-once: the first bytes stay": "overwritten",
    "create-once: one winner of 16 racers": "16 winners",
    "create-once for a file in parts": "overwritten",
    "create-once: one winner of two completions in parts": "[2, 2, 2, 2, 2] winners",
    "a wrong SHA-256 is refused": "accepted",
    "what was refused is not kept": "kept",
    "a right SHA-256 is taken and told again": "not told",
    "a part with a wrong SHA-256 is refused": "accepted",
    "versioning is on": "NotImplemented",
    "COMPLIANCE retention is kept with the object": "InvalidRequest",
    "HEAD tells the retention": "InvalidRequest",
    "an earlier version stays readable": "KeyError",
    "a deletion leaves the version": "KeyError",
    "COMPLIANCE retention of a file in parts": "InvalidRequest",
    "deleting a retained version is refused": "InvalidRequest",
    "shortening a retention is refused": "InvalidRequest",
    "lengthening a retention is done": "InvalidRequest",
    "nobody is let past a COMPLIANCE retention": "InvalidRequest",
    "deleting under legal hold is refused": "InvalidRequest",
}


@pytest.fixture
def prefix() -> str:
    return f"{new_id()}/"


@pytest.fixture
def house(juicefs: S3Server, prefix: str, database_url: str, clock: Clock, tmp_path: Path) -> Iterator[House]:
    where = f"s3://media?endpoint=http://127.0.0.1:{juicefs.port}&prefix={prefix}"
    app = create_app(config_for(database_url, tmp_path, XUNJIAN_MEDIA_URL=where), clock=clock, new_id=new_id)
    yield House(app, clock, tmp_path)
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def doctor(house: House, *options: str) -> Any:
    return house.app.test_cli_runner().invoke(main.commands["doctor"], ["s3", *options])


def test_the_doctor_finds_it_not_fit_for_the_archive(house: House, juicefs: S3Server, prefix: str) -> None:
    assert doctor(house).exit_code == 0
    done = doctor(house, "--archive")
    assert done.exit_code == 1 and "not fit for archive mode" in done.output
    with house.app.app_context():
        found = examined(juicefs.address(prefix))
    assert len(found) == len(PROBES)
    faults = {one.en: one.fault for one in found if one.fault is not None}
    races = {name for name in CANNOT if "one winner" in name}  # who wins a race may differ
    assert set(faults) - races == set(CANNOT) - races
    assert {name: faults[name] for name in CANNOT if name not in races} == {
        name: seen for name, seen in CANNOT.items() if name not in races
    }


def test_the_doctor_leaves_nothing_behind(house: House, juicefs: S3Server, prefix: str) -> None:
    doctor(house)
    left = client(juicefs.port).list_objects_v2(Bucket="media", Prefix=prefix)
    assert left.get("Contents", []) == []


def test_what_rests_is_not_overwritten_because_the_house_asks_first(
    juicefs: S3Server, prefix: str, tmp_path: Path
) -> None:
    store, file = S3Store(juicefs.address(prefix)), tmp_path / "file"
    key = original_key(WJ, sha256(b"first"))
    file.write_bytes(b"first")
    assert store.put(key, file, sha256=sha256(b"first"))
    for other in (b"other", b"longer than the first"):
        file.write_bytes(other)
        with pytest.raises(BytesDiffer):
            store.put(key, file, sha256=sha256(other))
    assert store.open(key).read() == b"first"


def test_photographs_come_to_rest_and_are_shown_and_reconciled(site: House) -> None:
    li, data = site.desk("li"), jpeg(size=(1200, 900))
    record = photo(data)
    li.push(WJ, record)
    assert upload(li, record["record"], data).status_code == 204
    assert stored(li, record["record"])
    path = f"/api/v1/photos/{record['record']}"
    assert li.call("GET", f"{path}/original").data == data
    assert li.call("GET", f"{path}/thumbnail").data.startswith(b"\xff\xd8\xff")
    done, told = reconciled(site, "--read")
    assert (done.exit_code, told[-1]["lines"]) == (0, 1)
