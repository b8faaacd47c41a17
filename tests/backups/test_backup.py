"""A backup is one moment of the house: whole or not there, made while people work, and it proves itself."""

import json
import os
import re
import resource
import signal
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import text

from media.durable import MIB
from server import transaction
from server.backups import actions, queries, rules
from server.backups.queries import Opened
from server.database import db
from server.photos import sidecars
from tests.server.test_photos import photo, upload
from tests.support.house import House, issue, jpeg
from tests.support.live import REPOSITORY

from .conftest import PHRASE, Office

WJ = "project:wj-01"


def test_it_holds_every_table_and_says_what_it_leaves_out_and_why(operator: Office, site: House) -> None:
    with site.app.app_context(), transaction.reading() as conn:
        there = {table.name for table in queries.tables(conn)}
    made = Opened(operator.backup())
    assert made.manifest["tables"].keys() | rules.LEFT_OUT.keys() == there
    assert made.manifest["left_out"] == rules.LEFT_OUT
    assert made.manifest["tables"]["people"]["rows"] == 5
    assert made.manifest["dossiers"].keys() == {"project:wj-01", "project:wj-02"}


def test_it_verifies_itself_and_names_what_was_changed_in_it(operator: Office, site: House) -> None:
    site.desk("li").push(WJ, *[issue() for _ in range(5)])
    made = operator.backup()
    done = operator.run("backup", "verify", str(made))
    assert (done.exit_code, "0 faults" in done.output) == (0, True), done.output
    for member, old, new, why in (
        ("tables/people.ndjson", "li某".encode(), "lu某".encode(), "people"),
        ("tables/entries.ndjson", b'",', b'" ,', "entries"),
        ("manifest.json", b'"seq": 6', b'"seq": 7', "heads"),
    ):
        forged = rewritten(made, {member: lambda data, o=old, n=new: data.replace(o, n, 1)})
        done = operator.run("backup", "verify", str(forged))
        assert done.exit_code == 1 and why in done.output, (member, done.output)


def test_a_backup_rewritten_with_right_digests_breaks_its_chain(operator: Office, site: House) -> None:
    """Who knows the format and mends the manifest: the journal inside still proves itself, or does not."""
    site.desk("li").push(WJ, *[issue() for _ in range(4)])
    made = operator.backup()
    lines = unzipped(made, "tables/payloads.ndjson").splitlines(keepends=True)
    lines[2], lines[3] = swap_payloads(lines[2], lines[3])
    forged = rewritten(made, {"tables/payloads.ndjson": lambda _: b"".join(lines)}, mend=True)
    done = operator.run("backup", "verify", str(forged))
    assert done.exit_code == 1
    assert re.search(r"project:wj-01: entry 3: its payload is not the one it committed to", done.output)


def test_a_file_that_is_no_backup_is_refused_in_a_sentence(operator: Office, tmp_path: Path) -> None:
    made = operator.backup()
    short, other = tmp_path / f"short{rules.SUFFIX}", tmp_path / f"other{rules.SUFFIX}"
    short.write_bytes(made.read_bytes()[:-40])
    with zipfile.ZipFile(other, "w") as book:
        book.writestr("manifest.json", '{"format": "xunjian-backup/9"}')
    for file, why in ((short, "not a whole backup"), (other, "xunjian-backup/9")):
        done = operator.run("backup", "verify", str(file))
        assert done.exit_code == 1 and why in done.output and "Traceback" not in done.output
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "there is no backup" in operator.run("backup", "verify", str(empty)).output


def test_it_is_one_moment_although_people_write_meanwhile(operator: Office, site: House) -> None:
    """Each push writes an issue and its title's twin in one change: no backup holds half a push."""
    stop, li = threading.Event(), site.desk("li")

    def write() -> None:
        while not stop.is_set():
            li.push(WJ, issue(), issue())

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(3):
            made = Opened(operator.backup())
            assert list(made.faults()) == []
            said = made.manifest
            assert (said["dossiers"][WJ]["seq"] - 1) % 2 == 0
            per_dossier = sum(head["seq"] for head in said["dossiers"].values())
            assert said["tables"]["entries"]["rows"] == per_dossier == said["tables"]["payloads"]["rows"]
    finally:
        stop.set()
        writer.join()


def test_devices_may_let_go_of_what_it_covers_and_of_no_more(operator: Office, site: House) -> None:
    li = site.desk("li")
    li.push(WJ, issue())
    operator.backup()
    li.push(WJ, issue())
    told = li.exchange(cursors={WJ: {}})["pull"]["dossiers"][WJ]
    assert (told["backed_up"], told["head"]) == (2, 3)


def test_a_full_disk_ends_it_in_a_sentence_and_leaves_no_file_that_looks_whole(
    operator: Office, site: House, database_url: str
) -> None:
    site.desk("li").push(WJ, *[issue(title=os.urandom(60).hex()) for _ in range(400)])
    done = command(site, database_url, ["backup", str(operator.to)], file_limit=64 * 1024).communicate()
    assert b"File too large" in done[1] and b"Traceback" not in done[1], done
    assert list(operator.to.glob("*.zip*")) == []
    told = site.desk("li").exchange(cursors={WJ: {}})["pull"]["dossiers"][WJ]
    assert told["backed_up"] == 0


def test_a_killed_backup_leaves_nothing_that_looks_whole_and_the_next_one_clears_up(
    operator: Office, site: House, database_url: str
) -> None:
    site.desk("li").push(WJ, *[issue(title=os.urandom(90).hex()) for _ in range(500)])
    process = command(site, database_url, ["backup", str(operator.to)])
    deadline = time.monotonic() + 60
    while not any(operator.to.glob("*.partial")):
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    left = [p.name for p in operator.to.iterdir() if not p.name.startswith(".")]
    assert left and all(name.endswith(rules.PARTIAL) for name in left)
    assert "there is no backup" in operator.run("backup", "verify", str(operator.to)).output
    made = operator.backup()
    assert [p.name for p in operator.to.iterdir() if not p.name.startswith(".")] == [made.name]


def test_two_at_once_in_one_folder_are_refused(operator: Office, site: House) -> None:
    operator.backup()
    with site.app.app_context(), actions._alone(operator.to):
        done = operator.run("backup", str(operator.to))
    assert done.exit_code == 1 and "another backup" in done.output


def test_keys_are_in_it_only_behind_the_passphrase(
    operator: Office, site: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with site.app.app_context():
        site.app.extensions["office"].seal.close("x")
    secret = (site.folder / "secret.key").read_bytes().strip()
    bare = operator.backup()
    assert Opened(bare).keys is None
    phrase(site, tmp_path)
    closed = operator.backup()
    for file in (bare, closed):
        with zipfile.ZipFile(file) as book:
            for member in book.namelist():
                assert secret not in book.read(member), member
    keys = Opened(closed).keys
    assert keys is not None and rules.unwrapped(keys, PHRASE)["secret_key_file"].strip() == secret
    with pytest.raises(ValueError, match="does not open"):
        rules.unwrapped(keys, "another phrase of ours")
    with pytest.raises(ValueError, match="more work"):
        rules.unwrapped(keys | {"n": 2**40}, PHRASE)


def test_originals_go_beside_it_once_each_and_what_is_missing_there_is_named(
    operator: Office, site: House
) -> None:
    li = site.desk("li")
    pictures = [jpeg(colour) for colour in ("red", "green")]
    for data in pictures:
        record = photo(data)
        li.push(WJ, record)
        assert upload(li, record["record"], data).status_code == 204
    with site.app.app_context():
        assert sidecars.write_new() == 2
    first = operator.backup("--bytes")
    assert Opened(first).manifest["bytes"]["copied"] == 4  # with their sidecars
    data = jpeg("blue")
    record = photo(data)
    li.push(WJ, record)
    upload(li, record["record"], data)
    with site.app.app_context():
        assert sidecars.write_new() == 1
    second = operator.backup("--bytes")
    assert (Opened(second).manifest["bytes"]["copied"], Opened(second).manifest["bytes"]["there"]) == (2, 4)
    assert operator.run("backup", "verify", str(second), "--read").exit_code == 0
    held = [p for p in (operator.to / rules.BYTES).rglob("*") if p.is_file() and not p.suffix]
    held[0].chmod(0o600)
    held[0].write_bytes(bytes(held[0].stat().st_size))
    held[1].unlink()
    done = operator.run("backup", "verify", str(second), "--read")
    assert done.exit_code == 1 and "2 faults" in done.output
    assert all(p.name in done.output for p in held[:2])


@pytest.mark.parametrize("database", ["sqlite"])
def test_a_row_of_every_type_comes_back_as_it_was(database: str) -> None:
    from datetime import UTC, date, datetime

    row = ["文", 2**62, True, b"\x00\xff", datetime(2026, 11, 22, 1, 2, 3, 4, UTC), date(2026, 2, 28), None]
    types = ["text", "int", "bool", "bytes", "moment", "day", "text"]
    assert rules.read(rules.spelled(row), types) == row
    with pytest.raises(ValueError, match="number of columns"):
        rules.read(rules.spelled(row), types[1:])


# ---------------------------------------------------------------------------------------- the means


def phrase(site: House, folder: Path) -> None:
    """Set the passphrase of this house."""
    from dataclasses import replace

    file = folder / "phrase.txt"
    file.write_text(PHRASE + "\n", encoding="utf-8")
    here = site.app.extensions["office"]
    here.config = replace(here.config, backup_passphrase_file=file)


def command(house: House, url: str, words: list[str], file_limit: int | None = None) -> subprocess.Popen:
    env = os.environ | {"XUNJIAN_VAR": str(house.folder), "XUNJIAN_DATABASE_URL": url}
    with house.app.app_context():
        db.session.remove()

    def limit() -> None:
        if file_limit is not None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, file_limit))

    return subprocess.Popen(
        [sys.executable, "-m", "server.cli", *words],
        cwd=REPOSITORY,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=limit,
    )


def unzipped(file: Path, member: str) -> bytes:
    with zipfile.ZipFile(file) as book:
        return book.read(member)


def rewritten(file: Path, changes: dict, *, mend: bool = False) -> Path:
    """A copy with some members changed; with `mend`, the manifest gives their digests."""
    import hashlib

    target = file.with_name(f"forged-{len(list(file.parent.iterdir()))}{rules.SUFFIX}")
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        members = {name: old.read(name) for name in old.namelist()}
        for name, change in changes.items():
            changed = change(members[name])
            assert changed != members[name], name
            members[name] = changed
        if mend:
            manifest = json.loads(members["manifest.json"])
            for table, said in manifest["tables"].items():
                said["sha256"] = hashlib.sha256(members[rules.table_member(table)]).hexdigest()
            members["manifest.json"] = json.dumps(manifest).encode()
        for name, data in members.items():
            new.writestr(name, data)
    return target


def swap_payloads(one: bytes, other: bytes) -> tuple[bytes, bytes]:
    """Two rows of payloads, each with the other's salt and bytes."""
    a, b = json.loads(one), json.loads(other)
    a[2:], b[2:] = b[2:], a[2:]
    return json.dumps(a).encode() + b"\n", json.dumps(b).encode() + b"\n"


def test_no_type_of_a_column_is_without_a_spelling(site: House) -> None:
    with site.app.app_context(), transaction.reading() as conn:
        for table in queries.kept(conn):
            assert queries.columns(table), table.name
            conn.execute(text(f"SELECT count(*) FROM {table.name}"))
    assert MIB == 1 << 20
