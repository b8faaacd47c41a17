"""Outgoing calls: where they may go, and for how long; a hostile address meets no connection."""

import socket
import sys
import threading
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any

import pytest

from server.outgoing import ANSWER_BYTES, Forbidden, Outgoing, Unreachable
from tests.support.receiver import receiving

LOOPBACK = (ip_network("127.0.0.1/32"),)
# (what an attacker writes, why it is refused)
HOSTILE = [
    ("https://127.0.0.1/", "address"),
    ("https://127.0.0.1:8443/admin", "address"),
    ("https://127.8.9.1/", "address"),
    ("https://localhost/", "address"),
    ("https://LOCALHOST./", "address"),
    ("https://0.0.0.0/", "address"),
    ("https://10.0.0.5/", "address"),
    ("https://172.16.0.1/", "address"),
    ("https://172.31.255.255/", "address"),
    ("https://192.168.1.1/", "address"),
    ("https://169.254.169.254/latest/meta-data/", "address"),
    ("https://100.100.100.200/latest/meta-data/", "address"),
    ("https://100.64.0.1/", "address"),
    ("https://168.63.129.16/", "address"),
    ("https://192.0.0.192/", "address"),
    ("https://198.18.0.1/", "address"),
    ("https://192.0.2.1/", "address"),
    ("https://192.88.99.1/", "address"),
    ("https://224.0.0.1/", "address"),
    ("https://240.0.0.1/", "address"),
    ("https://255.255.255.255/", "address"),
    ("https://[::1]/", "address"),
    ("https://[::]/", "address"),
    ("https://[::ffff:127.0.0.1]/", "address"),
    ("https://[::ffff:a9fe:a9fe]/", "address"),
    ("https://[::ffff:8.8.8.8]/", "address"),
    ("https://[::127.0.0.1]/", "address"),
    ("https://[64:ff9b::7f00:1]/", "address"),
    ("https://[64:ff9b:1::1]/", "address"),
    ("https://[2002:7f00:1::]/", "address"),
    ("https://[2001:0:53aa:64c::1]/", "address"),
    ("https://[2001:db8::1]/", "address"),
    ("https://[fd00:ec2::254]/", "address"),
    ("https://[fe80::1]/", "address"),
    ("https://[fec0::1]/", "address"),
    ("https://[ff02::1]/", "address"),
    ("https://[fe80::1%25eth0]/", "host"),
    ("https://2130706433/", "host"),
    ("https://0x7f000001/", "host"),
    ("https://0x7f.0.0.1/", "host"),
    ("https://017700000001/", "host"),
    ("https://0177.0.0.1/", "host"),
    ("https://127.1/", "host"),
    ("https://127.0.1/", "host"),
    ("https://127.0.0.1./", "host"),
    ("https://8.8.2056/", "host"),
    ("https://256.256.256.256/", "host"),
    ("https://example.com.0x7f/", "host"),
    ("https://１２７.０.０.１/", "characters"),
    ("https://127。0。0。1/", "characters"),
    ("https://①②⑦.0.0.1/", "characters"),
    ("https://example.com\\@127.0.0.1/", "characters"),
    ("https://example.com\t.evil/", "characters"),
    ("https://example.com/\r\nHost: 127.0.0.1", "characters"),
    (" https://example.com/", "characters"),
    ("https://user@127.0.0.1/", "userinfo"),
    ("https://example.com:443@127.0.0.1/", "userinfo"),
    ("https://example.com#@127.0.0.1/", "characters"),
    ("https://[::1/", "malformed"),
    ("https://example.com:99999/", "malformed"),
    ("https://example.com:0/", "port"),
    ("https:///etc/passwd", "host"),
    ("https://-x.example.com/", "host"),
    ("https://a..b/", "host"),
    ("http://example.com/", "scheme"),
    ("http://127.0.0.1/", "scheme"),
    ("ftp://example.com/", "scheme"),
    ("file:///etc/passwd", "scheme"),
    ("gopher://127.0.0.1:6379/_FLUSHALL", "scheme"),
    ("//127.0.0.1/", "scheme"),
    ("127.0.0.1", "scheme"),
    ("", "scheme"),
]
calls: list[Any] = []
_listening = threading.local()


def _note(event: str, arguments: Any) -> None:
    if event == "socket.connect" and getattr(_listening, "now", False):
        calls.append(arguments[1])


sys.addaudithook(_note)  # what Python itself says of connections; it cannot be taken off again


@pytest.fixture(autouse=True)
def listening() -> Any:
    """The connections of this test's thread are in `calls`."""
    calls.clear()
    _listening.now = True
    yield
    _listening.now = False


def answering(*addresses: str) -> Any:
    """A resolver that gives every name these addresses, and counts."""
    asked: list[str] = []

    def resolve(host: str, port: int, **_: Any) -> list[tuple[Any, ...]]:
        asked.append(host)
        family = {True: socket.AF_INET6, False: socket.AF_INET}
        return [(family[":" in a], socket.SOCK_STREAM, 6, "", (a, port)) for a in addresses]

    resolve.asked = asked  # type: ignore[attr-defined]
    return resolve


def public(host: str, port: int, **_: Any) -> list[tuple[Any, ...]]:
    """Names are public addresses; what is an address, or localhost, is what the system says."""
    if host.startswith("example.com"):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.215.14", port))]
    if host.rstrip(".") == "localhost":
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)


@pytest.mark.parametrize(("url", "why"), HOSTILE, ids=[repr(u) for u, _ in HOSTILE])
def test_a_hostile_address_meets_no_connection(url: str, why: str) -> None:
    door = Outgoing(resolve=public)
    with pytest.raises(Forbidden) as refused:
        door.post(url, b"{}", {})
    assert refused.value.why == why
    with pytest.raises(Forbidden):
        door.check(url)
    assert calls == []


@pytest.mark.parametrize(
    "hidden",
    ["127.0.0.1", "10.1.2.3", "169.254.169.254", "100.100.100.200", "::1", "::ffff:10.0.0.1", "fd00::1"],
)
def test_a_good_name_that_points_inside_is_refused(hidden: str) -> None:
    for addresses in ([hidden], ["93.184.215.14", hidden]):
        with pytest.raises(Forbidden, match="address"):
            Outgoing(resolve=answering(*addresses)).post("https://example.com/", b"{}", {})
    assert calls == []


def test_an_allowed_network_lets_in_no_mapped_address_and_no_neighbour() -> None:
    door = Outgoing(LOOPBACK)
    for url in ("http://[::ffff:127.0.0.1]/", "http://127.0.0.2/", "https://[::1]/", "http://93.184.215.14/"):
        with pytest.raises(Forbidden):
            door.post(url, b"{}", {})
    assert calls == []


def test_a_name_is_asked_once_and_the_connection_goes_there() -> None:
    with receiving() as there:
        port = int(there.url.rsplit(":", 1)[1])
        answers = iter(["127.0.0.1", "10.0.0.1"])
        asked = []

        def rebinding(host: str, _port: int, **_: Any) -> list[tuple[Any, ...]]:
            asked.append(host)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

        answer = Outgoing(LOOPBACK, resolve=rebinding).post("http://receiver.example:99/in?x=1", b"hello", {})
    assert (answer.status, asked, calls) == (200, ["receiver.example"], [("127.0.0.1", port)])
    [taken] = there.taken
    assert (taken.path, taken.body, taken.headers["host"]) == ("/in?x=1", b"hello", "receiver.example:99")


def test_a_redirect_is_an_answer_and_no_order() -> None:
    with receiving() as there, receiving() as elsewhere:
        there.script = [(302, {"Location": elsewhere.url}), (307, {"Location": elsewhere.url})]
        for status in (302, 307):
            answer = Outgoing(LOOPBACK).post(there.url, b"{}", {})
            assert (answer.status, answer.good) == (status, False)
        assert elsewhere.taken == []


def test_no_proxy_of_the_environment_comes_between(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving() as there, receiving() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        assert Outgoing(LOOPBACK).post(there.url, b"{}", {}).good
        assert proxy.taken == [] and len(there.taken) == 1


@pytest.mark.parametrize("behaviour", ["drip", "hang"])
def test_a_server_that_never_ends_is_left(behaviour: str) -> None:
    with receiving() as there:
        there.script = [behaviour]
        with pytest.raises(Unreachable) as left:
            Outgoing(LOOPBACK, total_s=0.5).post(there.url, b"{}", {})
        assert left.value.why == "timeout"


def test_of_an_endless_answer_only_the_beginning_is_read() -> None:
    with receiving() as there:
        there.usual = (200, {}, b"x" * 5_000_000)
        assert len(Outgoing(LOOPBACK).post(there.url, b"{}", {}).body) == ANSWER_BYTES


def test_a_cut_line_and_a_closed_port_are_told_without_the_address() -> None:
    with receiving() as there:
        there.script = ["cut"]
        with pytest.raises(Unreachable) as cut:
            Outgoing(LOOPBACK).post(f"{there.url}/secret-token", b"{}", {})
    with pytest.raises(Unreachable) as closed:
        Outgoing(LOOPBACK).post(f"{there.url}/secret-token", b"{}", {})
    for said in (str(cut.value), str(closed.value)):
        assert "secret" not in said and "127" not in said


def test_retry_after_is_read_in_both_forms() -> None:
    now = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
    with receiving() as there:
        there.script = [
            (429, {"Retry-After": "120"}),
            (503, {"Retry-After": "Sun, 22 Nov 2026 08:01:00 GMT"}),
            (429, {"Retry-After": "soon"}),
            (429, {}),
        ]
        asked = [Outgoing(LOOPBACK).post(there.url, b"{}", {}).retry_after_s(now) for _ in range(4)]
    assert asked == [120, 60, None, None]
