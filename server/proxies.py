"""Behind a proxy: who is calling, by which name and over TLS, is what proxies of ours say, and nobody else.

X-Forwarded-For grows from left to right, a line a proxy; what stands left of the first stranger was written
by the stranger (RFC 7239 §8.1).
"""

import re
from collections.abc import Callable, Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any

FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST")
# Said by proxies of other makes; nobody here reads them, and nobody later on shall.
UNREAD = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_PORT", "HTTP_X_FORWARDED_PREFIX", "HTTP_X_REAL_IP")
HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")


class Proxies:
    """A WSGI application that sees the request as it reached the outermost of our proxies."""

    def __init__(self, application: Callable[..., Any], trusted: Iterable[IPv4Network | IPv6Network]) -> None:
        self._application, self._trusted = application, tuple(trusted)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        """Believe the three headers of a trusted peer; take them away in any case."""
        said = [environ.pop(name, "") for name in FORWARDED]
        for name in UNREAD:
            environ.pop(name, None)
        if any(said) and self._ours(environ.get("REMOTE_ADDR", "")):
            self._believe(environ, *said)
        return self._application(environ, start_response)

    def _believe(self, environ: dict[str, Any], addresses: str, schemes: str, hosts: str) -> None:
        for address in reversed([part.strip() for part in addresses.split(",") if part.strip()]):
            if not _is_address(address):
                break
            environ["REMOTE_ADDR"] = address
            if not self._ours(address):
                break
        scheme, host = _last(schemes).lower(), _last(hosts)
        if scheme in ("http", "https"):
            environ["wsgi.url_scheme"] = scheme
        if HOST.fullmatch(host):
            environ["HTTP_HOST"] = host

    def _ours(self, address: str) -> bool:
        if not self._trusted or not _is_address(address):
            return False
        peer = ip_address(address)
        peer = getattr(peer, "ipv4_mapped", None) or peer
        return any(peer in network for network in self._trusted)


def _last(said: str) -> str:
    return said.rpartition(",")[2].strip()


def _is_address(said: str) -> bool:
    try:
        ip_address(said)
    except ValueError:
        return False
    return True
