"""`xunjian doctor` says of each part in words how it stands, and its exit code what that comes to."""

import json
import os
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIServer, make_server

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from media.errors import StoreUnavailable
from server import checkup, scheduler
from server.app import create_app
from server.cli import main
from tests.support.house import Clock, House, config_for, new_id


def now() -> datetime:
    return datetime.now(UTC)


def examined(
    url: str, folder: Path, clock: Callable[[], datetime] = now, **settings: str
) -> tuple[int, dict[str, Any]]:
    """The exit code, and what was found, by part."""
    app = create_app(config_for(url, folder, **settings), clock=clock, new_id=new_id)
    done = app.test_cli_runner().invoke(main.commands["doctor"], ["--json"])
    found = json.loads(done.stdout)
    assert all(one["name"] and one["zh"] for one in found)
    return done.exit_code, {one["name"]: one for one in found}


def faults(found: dict[str, Any]) -> set[str]:
    return {name for name, one in found.items() if one["fault"]}


def test_a_house_that_was_just_set_up_is_fit_and_told_what_it_still_wants(
    database_url, tmp_path, database
) -> None:
    code, found = examined(database_url, tmp_path)
    wanted = {"secret-key", "signing-key", "origin", "tls"}
    if database == "postgresql":  # the tests' own is quick and not durable, and no node runs the jobs
        assert "fsync=off" in found["promises"]["fault"] and code == 1
        wanted |= {"promises", "leader"}
        assert found["clock-database"]["fault"] is None
    else:
        assert code == 0
    assert faults(found) == wanted


def test_it_is_told_for_people_too(database_url, tmp_path) -> None:
    app = create_app(config_for(database_url, tmp_path))
    done = app.test_cli_runner().invoke(main.commands["doctor"], [])
    assert "体检" in done.stderr and "数据库结构" in done.stdout and "warnings" in done.stdout
    assert app.test_cli_runner().invoke(main.commands["doctor"], ["--help"]).exit_code == 0


def test_a_clock_that_is_off_is_measured_against_the_databases(factories, tmp_path) -> None:
    url = factories("postgresql").fresh()
    code, found = examined(url, tmp_path, lambda: now() - timedelta(minutes=3))
    assert (
        code == 1 and "180." in found["clock-database"]["fault"] and "NTP" in found["clock-database"]["fault"]
    )
    factories("postgresql").dispose(url)


def test_an_answer_that_was_long_on_its_way_is_no_clock_that_is_off() -> None:
    ours = iter((0, 20))
    began = now()
    found = checkup._apart(
        "x", "x", lambda: began + timedelta(seconds=next(ours)), lambda: began + timedelta(seconds=9)
    )
    assert found.fault is None and found.seen == "0.0 s"


@pytest.mark.usefixtures("credentials")
def test_a_real_store_is_tried_and_its_clock_asked(seaweed, factories, tmp_path) -> None:
    where = f"s3://media?endpoint=http://127.0.0.1:{seaweed.port}&prefix={tmp_path.name}"
    url = factories("sqlite").fresh()
    _code, found = examined(url, tmp_path, XUNJIAN_MEDIA_URL=where)
    assert found["store"]["fault"] is None and found["clock-store"]["fault"] is None
    nobody = "s3://media?endpoint=http://127.0.0.1:9"
    code, found = examined(url, tmp_path, XUNJIAN_MEDIA_URL=nobody)
    assert code == 1 and {"store", "clock-store"} <= faults(found)
    factories("sqlite").dispose(url)


def test_a_key_that_others_can_read_is_a_fault_and_one_that_is_closed_is_none(house: House) -> None:
    key = house.app.extensions["office"].config.signing_key_file
    key.write_text("key")
    with house.app.app_context():
        for mode, closed in ((0o600, True), (0o400, True), (0o640, False), (0o604, False)):
            key.chmod(mode)
            found = {one.name: one for one in checkup.keys(house.app.extensions["office"])}
            assert (found["signing-key"].fault is None) is closed, oct(mode)


def test_of_a_file_that_a_container_is_handed_only_that_nobody_else_writes_it_is_asked(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    phrase = tmp_path / "backup_passphrase"
    phrase.write_text("a phrase of the host's own\n")
    here = replace(house.app.extensions["office"].config, backup_passphrase_file=phrase)
    monkeypatch.setattr(house.app.extensions["office"], "config", here)
    monkeypatch.setattr(os, "geteuid", lambda: phrase.stat().st_uid + 1)  # the account in the container
    faults = []
    for handed_in, mode in ((tmp_path, 0o444), (tmp_path, 0o464), (tmp_path, 0o446), (tmp_path / "x", 0o444)):
        phrase.chmod(mode)
        monkeypatch.setattr(checkup, "HANDED_IN", handed_in)
        [found] = [k for k in checkup.keys(house.app.extensions["office"]) if k.name == "backup-passphrase"]
        faults.append((found.fault or "").partition(" ")[0])
    assert faults == ["", "他人可写", "他人可写", "他人可读"]


def test_a_key_that_the_environment_hands_out_is_read_and_no_file_is_asked_for(
    database_url, tmp_path
) -> None:
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    for given, fault in ((pem, False), ("no key", True)):
        _code, found = examined(database_url, tmp_path, XUNJIAN_SIGNING_KEY=given)
        assert bool(found["signing-key"]["fault"]) is fault
        assert found["signing-key"]["seen"] == "XUNJIAN_SIGNING_KEY"


def test_a_node_that_leads_is_seen_and_its_end_too(factories, tmp_path) -> None:
    url = factories("postgresql").fresh()
    house = House(create_app(config_for(url, tmp_path)), Clock(), tmp_path)
    here, leader = house.app.extensions["office"], scheduler.Leader(house.app)
    with house.app.app_context():
        seen = []
        for act in (leader.leads, leader.resign):
            act()
            seen.append({one.name: one.fault for one in checkup.limits(here)}["leader"])
    assert seen[0] is None and "no node leads" in seen[1]
    factories("postgresql").dispose(url)


def test_what_is_away_is_named_and_the_rest_is_still_looked_at(tmp_path, monkeypatch) -> None:
    away = "postgresql+psycopg://nobody@127.0.0.1:9/none"
    code, found = examined(away, tmp_path)
    assert code == 1 and {"database", "schema", "engine", "clocks"} <= faults(found)
    assert found["store"]["fault"] is None and found["staging"]["fault"] is None


def test_a_store_that_forgets_or_refuses_is_a_fault(house: House, monkeypatch) -> None:
    here = house.app.extensions["office"]

    def refuses(*_said: object, **_more: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(here.store, "put", refuses)
    with house.app.app_context():
        [found] = checkup.store(here)
    assert found.vital and "store-unavailable" in (found.fault or "")


# -- TLS ------------------------------------------------------------------------------------------


def certificate(folder: Path, days: int) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that is its own authority, and its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    called = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "house")])
    made = (
        x509.CertificateBuilder(called, called, key.public_key(), 7)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=days, hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, SHA256())
    )
    shown, kept = folder / "house.pem", folder / "house.key"
    shown.write_bytes(made.public_bytes(Encoding.PEM))
    kept.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return shown, kept


@pytest.fixture(params=[90, 3], ids=["in its time", "about to end"])
def proxy(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch) -> Iterator[tuple[int, WSGIServer]]:
    """A TLS end on a port of its own, whose authority this machine trusts; `app` is set by the test."""
    shown, kept = certificate(tmp_path, request.param)
    monkeypatch.setenv("SSL_CERT_FILE", str(shown))
    server = make_server("127.0.0.1", 0, None)  # type: ignore[arg-type]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(shown, kept)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield request.param, server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("trusted", ["127.0.0.0/8", ""], ids=["a proxy we know", "a stranger"])
def test_the_way_in_is_tried_from_outside(proxy, trusted: str, factories, tmp_path) -> None:
    days, server = proxy
    url = factories("sqlite").fresh()
    settings = {"XUNJIAN_TRUSTED_PROXIES": trusted, "XUNJIAN_METRICS_TOKEN": "t"}
    app = create_app(config_for(url, tmp_path, **settings))

    def forwarding(environ: dict[str, Any], start_response: Any) -> Any:
        environ |= {"HTTP_X_FORWARDED_PROTO": "https", "wsgi.url_scheme": "http"}
        return app(environ, start_response)

    server.set_app(forwarding)
    public = f"https://127.0.0.1:{server.server_port}"
    code, found = examined(url, tmp_path, XUNJIAN_PUBLIC_URL=public)
    assert found["tls"]["fault"] is None and found["metrics"]["fault"] is None
    assert bool(found["certificate"]["fault"]) is (days < checkup.CERTIFICATE_DAYS)
    assert bool(found["proxy"]["fault"]) is (not trusted) and code == int(not trusted)
    factories("sqlite").dispose(url)


def test_a_certificate_that_nobody_vouches_for_is_no_line(proxy, factories, tmp_path, monkeypatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    url = factories("sqlite").fresh()
    public = f"https://127.0.0.1:{proxy[1].server_port}"
    code, found = examined(url, tmp_path, XUNJIAN_PUBLIC_URL=public)
    assert code == 1 and "不通" in found["tls"]["fault"]
    factories("sqlite").dispose(url)


@pytest.mark.parametrize(("host", "unfit"), [("localhost", 0), ("house.invalid", 1)])
def test_a_first_look_without_a_name_of_its_own_is_warned_and_not_unfit(
    host: str, unfit: int, factories, tmp_path
) -> None:
    url = factories("sqlite").fresh()
    code, found = examined(url, tmp_path, XUNJIAN_PUBLIC_URL=f"https://{host}:9")
    assert code == unfit and found["tls"]["vital"] is bool(unfit)
    assert ("by which phones come" in found["tls"]["fault"]) is not bool(unfit)
    factories("sqlite").dispose(url)
