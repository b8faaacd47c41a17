"""What is sealed goes into the archive, once each, and proves itself there without the house."""

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import text

from media.errors import StoreUnavailable
from media.files import FileStore
from media.locked import LockedStore
from server import transaction
from server.archives import actions
from server.cli import main
from server.evidence import actions as evidence
from server.scheduler import jobs
from sync import checkpoints, history
from tests.backups.conftest import Office, fresh, operator
from tests.erasures.conftest import bureau, erase
from tests.erasures.test_erasing import SECRET, comment
from tests.server.test_photos import photo, upload
from tests.support.house import House, issue, jpeg, new_id, update
from tests.support.seaweed import SeaweedServer, client

__all__ = ["bureau", "fresh", "operator"]
WJ = "project:wj-01"


def run(house: House, *words: str) -> Result:
    return house.app.test_cli_runner().invoke(main.commands[words[0]], list(words[1:]))


def folder(house: House) -> Path:
    return house.folder / "archive"


def objects(house: House, below: str = "") -> set[str]:
    return {
        p.relative_to(folder(house)).as_posix()
        for p in (folder(house) / below).rglob("*")
        if p.is_file() and not p.name.startswith(".")
    }


def archived(house: House) -> actions.Run:
    with house.app.app_context():
        return actions.run()


def test_a_night_archives_what_has_grown_and_the_next_one_only_what_is_new(site: House) -> None:
    site.desk("li").push(WJ, *[issue() for _ in range(300)])
    with site.app.app_context():
        assert jobs(site.app)["archive"]() > 0
    first = objects(site)
    mine = {name for name in first if name.startswith(f"journals/{WJ}/0001/")}
    bundles = sorted(name.rpartition("/")[2] for name in mine if "/entries/" in name)
    assert bundles == ["000000000000-256.ndjson", "000000000256-045.ndjson"]
    assert len([name for name in mine if name.endswith(".ckpt")]) == 1
    assert {"README.txt", "verify.py", "keys/0001.note"} <= first
    with site.app.app_context():
        assert jobs(site.app)["archive"]() == 0
    site.desk("li").push(WJ, issue())
    done = archived(site)
    assert len(objects(site) - first) == done.objects == 2  # the longer last bundle, and its checkpoint


def test_it_is_verified_from_the_archive_alone(site: House) -> None:
    site.desk("li").push(WJ, *[issue() for _ in range(20)])
    assert run(site, "archive", "run").exit_code == 0
    done = run(site, "verify", "--archive", str(folder(site)))
    assert done.exit_code == 0 and "21 entries link, 21" in done.output
    with site.app.app_context():
        key = evidence.signer().verifier.text
    assert run(site, "verify", "--archive", folder(site).as_uri(), "--key", key).exit_code == 0
    other = key[:-4] + ("AAAA" if key[-4:] != "AAAA" else "BBBB")
    assert run(site, "verify", "--archive", str(folder(site)), "--key", other).exit_code == 1
    [bundle] = (folder(site) / "journals" / WJ / "0001" / "entries").iterdir()
    bundle.chmod(0o600)
    bundle.write_bytes(bundle.read_bytes().replace(b"issue", b"ussie", 1))
    done = run(site, "verify", "--archive", str(folder(site)))
    assert done.exit_code == 1 and WJ in done.output


def test_no_contents_lie_in_it(bureau: House) -> None:
    """They may have to go, and nobody can take anything from there."""
    said, data = comment(new_id()), jpeg()
    record = photo(data, caption=SECRET)
    bureau.desk("li").push(WJ, said, record)
    upload(bureau.desk("li"), record["record"], data)
    erase(bureau, said["record"])
    archived(bureau)
    for file in objects(bureau):
        assert SECRET.encode() not in (folder(bureau) / file).read_bytes(), file
    assert len(objects(bureau, f"originals/{WJ}")) == 1
    assert run(bureau, "verify", "--archive", str(folder(bureau))).exit_code == 0


def test_a_run_that_dies_anywhere_is_finished_by_the_next(
    site: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.desk("li").push(WJ, *[issue() for _ in range(400)])
    put, left = FileStore.put, 0

    def dying(self: FileStore, *said: Any, **more: Any) -> bool:
        nonlocal left
        if self.root == folder(site):
            if left == 0:
                raise StoreUnavailable(errno=5)
            left -= 1
        return put(self, *said, **more)

    monkeypatch.setattr(FileStore, "put", dying)
    died = 0
    for survives in range(12):
        left = survives
        try:
            archived(site)
        except StoreUnavailable:
            died += 1
            sealed = [n for n in objects(site, f"journals/{WJ}") if n.endswith(".ckpt")]
            assert not sealed or run(site, "verify", "--archive", str(folder(site))).exit_code == 0
    monkeypatch.undo()
    archived(site)
    done = run(site, "verify", "--archive", str(folder(site)))
    assert died > 3 and done.exit_code == 0 and "401 entries link, 401" in done.output


def test_a_project_that_is_closed_is_archived_within_the_hour(site: House) -> None:
    with site.app.app_context():
        assert jobs(site.app)["archive closed"]() == 0
        with transaction.reading() as conn:
            found = [r for b in history.standing_records(conn, WJ) for r in b if r.kind == "project"]
    site.submit(WJ, update("project", found[0].record, found[0].version, {"stage": "ended"}))
    with site.app.app_context():
        assert jobs(site.app)["archive closed"]() > 0
    assert objects(site, f"journals/{WJ}") and not objects(site, "journals/project:wj-02")


def test_after_a_restore_the_archive_holds_both_branches_and_why(
    operator: Office, site: House, fresh: Callable[[], str]
) -> None:
    li = site.desk("li")
    li.push(WJ, *[issue() for _ in range(10)])
    archived(site)
    operator.backup()
    li.push(WJ, *[issue() for _ in range(300)])
    archived(site)
    other = operator.restored(fresh())
    with other.app.app_context():
        assert [(s.sealed, s.archived) for s in actions.standing() if s.dossier == WJ] == [(12, 311)]
    assert run(other, "archive", "status").exit_code == 1
    other.desk("li").push(WJ, *[issue() for _ in range(5)], epoch=2)
    assert archived(other).failed == {}
    assert f"journals/{WJ}/0002/restore.note" in objects(other)
    said = run(other, "verify", "--archive", str(folder(other)))
    assert said.exit_code == 0, said.output
    assert "epoch 1: 311 entries link" in said.output and "epoch 2: 17 entries link" in said.output
    (folder(other) / "journals" / WJ / "0002" / "restore.note").unlink()
    assert run(other, "verify", "--archive", str(folder(other))).exit_code == 1


def test_a_journal_that_was_cut_is_not_archived_and_keeps_no_other_from_it(site: House) -> None:
    site.desk("li").push(WJ, *[issue() for _ in range(5)])
    archived(site)
    site.desk("li").push(WJ, *[issue() for _ in range(3)])
    site.desk("stranger").push("project:wj-02", issue())
    with site.app.app_context(), transaction.writing() as conn:
        conn.execute(text(f"DELETE FROM entries WHERE dossier = '{WJ}' AND seq > 5"))
    done = run(site, "archive", "run")
    assert done.exit_code == 1 and WJ in done.output and "project:wj-02" not in done.output
    assert "2 entries" in run(site, "verify", "--archive", str(folder(site))).output


@pytest.mark.usefixtures("credentials")
def test_in_a_bucket_it_lies_under_retention_and_is_verified_from_there(
    site: House, seaweed: SeaweedServer
) -> None:
    name = f"archive-{new_id()[-12:]}"
    client(seaweed.port).create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    where = seaweed.address(bucket=name)
    here = site.app.extensions["office"]
    here.archive = LockedStore(where, lambda: datetime.now(UTC), timedelta(days=30))
    site.desk("li").push(WJ, *[issue() for _ in range(20)])
    done = archived(site)
    said = run(site, "verify", "--archive", f"s3://{name}?endpoint={where.endpoint}")
    assert said.exit_code == 0 and "21 entries link, 21" in said.output, said.output
    versions = client(seaweed.port).list_object_versions(Bucket=name)["Versions"]
    assert len(versions) == done.objects
    for one in versions:
        held = client(seaweed.port).get_object_retention(Bucket=name, Key=one["Key"])["Retention"]
        assert held["Mode"] == "COMPLIANCE"


def test_the_program_that_lies_in_it_checks_it(site: House, tmp_path: Path) -> None:
    site.desk("li").push(WJ, *[issue() for _ in range(3)])
    archived(site)
    line = [sys.executable, "-I", str(folder(site) / "verify.py"), str(folder(site))]
    done = subprocess.run(line, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0 and "OK" in done.stdout, done
    with site.app.app_context(), transaction.reading() as conn:
        made = checkpoints.newest(conn, [WJ])[WJ]
    assert f"{made.size} entries link" in done.stdout
