"""Who calls, by which name and over TLS: said by proxies of ours, and by nobody else."""

from ipaddress import ip_network
from typing import Any

import pytest
from flask import Flask, request

from server.proxies import Proxies

OURS = ("10.0.0.0/8", "fd00::/8")
FAR = "203.0.113.9"


def seen(peer: str, headers: dict[str, str], trusted: tuple[str, ...] = OURS) -> tuple[Any, ...]:
    """What the application believes of a request that came from `peer`."""
    app = Flask("behind")
    app.wsgi_app = Proxies(app.wsgi_app, [ip_network(net) for net in trusted])  # type: ignore[method-assign]

    @app.get("/")
    def look() -> list[Any]:
        return [request.remote_addr, request.scheme, request.host, sorted(request.headers.keys())]

    answer = app.test_client().get("/", headers=headers, environ_base={"REMOTE_ADDR": peer})
    address, scheme, host, names = answer.json
    assert not [n for n in names if n.startswith("X-Forwarded") or n in ("Forwarded", "X-Real-Ip")]
    return address, scheme, host


SAID = {"X-Forwarded-For": FAR, "X-Forwarded-Proto": "https", "X-Forwarded-Host": "xunjian.example"}


def test_a_proxy_of_ours_is_believed() -> None:
    assert seen("10.1.2.3", SAID) == (FAR, "https", "xunjian.example")
    assert seen("::ffff:10.1.2.3", SAID) == (FAR, "https", "xunjian.example")


@pytest.mark.parametrize(("peer", "trusted"), [("192.0.2.1", OURS), ("10.1.2.3", ()), ("127.0.0.1", OURS)])
def test_a_stranger_is_not(peer: str, trusted: tuple[str, ...]) -> None:
    assert seen(peer, SAID, trusted) == (peer, "http", "localhost")


def test_what_stands_left_of_the_first_stranger_was_written_by_the_stranger() -> None:
    chain = f"198.51.100.1, 10.9.9.9, {FAR}, fd00::7, 10.0.0.2"
    assert seen("10.0.0.1", {"X-Forwarded-For": chain})[0] == FAR


@pytest.mark.parametrize("junk", ["unknown", "_hidden", "1.2.3.4.5", "'; DROP", "", " , ,"])
def test_a_chain_that_breaks_ends_at_the_last_address_that_is_one(junk: str) -> None:
    assert seen("10.0.0.1", {"X-Forwarded-For": f"{junk}, 10.0.0.2"})[0] == "10.0.0.2"


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-Proto": "javascript"},
        {"X-Forwarded-Host": "evil.example/path"},
        {"X-Forwarded-Host": "a b"},
        {"X-Forwarded-Prefix": "/admin", "X-Forwarded-Port": "1"},
        {"Forwarded": "for=1.2.3.4;proto=https;host=evil"},
        {"X-Real-IP": "1.2.3.4"},
    ],
)
def test_what_is_no_scheme_no_host_or_not_read_changes_nothing(headers: dict[str, str]) -> None:
    assert seen("10.0.0.1", headers) == ("10.0.0.1", "http", "localhost")
