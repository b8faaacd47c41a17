"""The one door for outgoing HTTP: which addresses may be reached, for how long and with how much.

An address that somebody else chose may point at our own network (server-side request forgery). So
names are resolved once and the connection goes to exactly that address; special-purpose networks
(the registries of RFC 6890) are refused unless an administrator allows them; redirects are not
followed, and no proxy of the environment comes between.
"""

import http.client
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address
Resolve = Callable[..., Sequence[tuple[Any, ...]]]

CONNECT_S = 5.0  # an address that does not answer by then is tried again later
TOTAL_S = 20.0  # from the first packet to the last byte of the answer, whatever the other side does
ANSWER_BYTES = 64 * 1024  # of an answer we read a status and a few words
ADDRESSES = 3  # of a name that has many
PORTS = {"https": 443, "http": 80}
HOST = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*\.?")
NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")

# Not the public internet: IANA's special-purpose registry, multicast, and a cloud's metadata service
# that hides behind a public number.
CLOSED_V4: tuple[Network, ...] = tuple(
    ip_network(net)
    for net in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24"),
        *("192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
        *("224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32"),
    )
)
# Of IPv6 only this is routed; mapped, translated, unique local, link-local and multicast lie outside.
OPEN_V6 = ip_network("2000::/3")
CLOSED_V6: tuple[Network, ...] = tuple(
    ip_network(net)
    # Teredo and other protocols, documentation, 6to4 (it holds an IPv4 address).
    for net in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)


class Forbidden(ValueError):
    """An address that we do not call; `why` is one word of the reason. Nothing was sent."""

    def __init__(self, why: str) -> None:
        super().__init__(f"this address is not called: {why}")
        self.why = why


class Unreachable(OSError):
    """No answer; what was sent may have arrived all the same. `why` names no address."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; at most ANSWER_BYTES of it, `headers` with names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def good(self) -> bool:
        """Whether it was taken: 2xx. A redirect was not."""
        return 200 <= self.status < 300

    def retry_after_s(self, now: datetime) -> int | None:
        """The seconds that the other side asks for (RFC 9110 §10.2.3), or None."""
        said = self.headers.get("retry-after", "").strip()
        if said.isdecimal():
            return int(said[:9])
        try:
            return max(0, int((parsedate_to_datetime(said) - now).total_seconds()))
        except (ValueError, TypeError):
            return None


@dataclass(frozen=True, slots=True)
class Target:
    """A URL taken apart; `path` with its query."""

    scheme: str
    host: str
    port: int
    path: str

    @classmethod
    def of(cls, url: str) -> "Target":
        """Raises Forbidden for whatever two parsers could read in two ways."""
        if not url.isascii() or any(c <= " " or c in '\\\x7f"#<>^`{|}' for c in url):
            raise Forbidden("characters")
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise Forbidden("malformed") from None
        if parts.scheme not in PORTS:
            raise Forbidden("scheme")
        if "@" in parts.netloc:
            raise Forbidden("userinfo")
        if port == 0:
            raise Forbidden("port")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return cls(parts.scheme, _host(parts.hostname or ""), port or PORTS[parts.scheme], path)

    @property
    def authority(self) -> str:
        """The Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def _host(host: str) -> str:
    """A name, or an address in its one usual spelling. Raises Forbidden."""
    if ":" in host:
        try:
            if "%" in host:
                raise ValueError(host)
            return str(IPv6Address(host))
        except ValueError:
            raise Forbidden("host") from None
    if len(host) > 253 or not HOST.fullmatch(host):
        raise Forbidden("host")
    if NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]):
        # Decimal, octal, hexadecimal or short: the C library would read an address into it.
        try:
            return str(IPv4Address(host))
        except ValueError:
            raise Forbidden("host") from None
    return host


class Outgoing:
    """Calls other people's servers. `allow`: networks of our own that may be called, also without TLS.

    Tests hand in who resolves names and whom TLS trusts.
    """

    def __init__(
        self,
        allow: Sequence[Network] = (),
        *,
        resolve: Resolve = socket.getaddrinfo,
        trust: ssl.SSLContext | None = None,
        total_s: float = TOTAL_S,
    ) -> None:
        self._allow, self._resolve, self._total_s = tuple(allow), resolve, total_s
        self._trust = trust

    def check(self, url: str) -> None:
        """Whether the URL may be called, as far as can be known now. Raises Forbidden; Unreachable where
        its name is not known (it may be later). Connects to nobody.
        """
        self._places(Target.of(url))

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send `body` and read the answer, redirects included as they are.

        Raises Forbidden (nothing was sent) and Unreachable.
        """
        return self.ask("POST", url, body, headers)

    def ask(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """As `post`, by any method."""
        target = Target.of(url)
        places = self._places(target)
        said = {**headers, "Host": target.authority, "Accept-Encoding": "identity", "Connection": "close"}
        with closing(_connected(places)) as sock, _ended_after(sock, self._total_s) as expired:
            try:
                answer = self._ask(method, target, sock, body, said)
            except (OSError, http.client.HTTPException, ValueError) as wrong:
                raise Unreachable("timeout" if expired.is_set() else _name(wrong)) from None
            if expired.is_set():  # the line that we cut looks like an answer that has ended
                raise Unreachable("timeout")
            return answer

    def _ask(
        self, method: str, target: Target, sock: socket.socket, body: bytes, said: Mapping[str, str]
    ) -> Answer:
        sock.settimeout(self._total_s)
        if target.scheme == "https":
            self._trust = self._trust or ssl.create_default_context()
            sock = self._trust.wrap_socket(sock, server_hostname=target.host)
        line = http.client.HTTPConnection(target.host, target.port)
        line.sock, line.auto_open = sock, 0  # never a second connection, which nobody would have checked
        with closing(line):
            line.request(method, target.path, body or None, dict(said))
            answer = line.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, told, answer.read(ANSWER_BYTES))

    def _places(self, target: Target) -> list[tuple[int, Any]]:
        """Where to connect, each checked; asked once. Raises Forbidden, Unreachable."""
        try:
            found = self._resolve(target.host, target.port, type=socket.SOCK_STREAM)
        except UnicodeError:
            raise Forbidden("host") from None
        except OSError:
            raise Unreachable("name-unknown") from None
        places = [(family, where) for family, _, _, _, where in found]
        for _, where in places:
            # All of them: a name that points here and there is one that somebody plays with.
            self._permit(str(where[0]), target.scheme)
        if not places:
            raise Unreachable("name-unknown")
        return places[:ADDRESSES]

    def _permit(self, where: str, scheme: str) -> None:
        try:
            ip: Address = ip_address(where)
        except ValueError:
            raise Forbidden("address") from None
        if any(ip in net for net in self._allow):
            return
        if scheme != "https":
            raise Forbidden("scheme")
        if isinstance(ip, IPv4Address):
            closed = any(ip in net for net in CLOSED_V4)
        else:
            closed = ip not in OPEN_V6 or any(ip in net for net in CLOSED_V6)
        if closed:
            raise Forbidden("address")


def _connected(places: Sequence[tuple[int, Any]]) -> socket.socket:
    """The first of these that answers. Raises Unreachable."""
    why = "no-address"
    for family, where in places:
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.settimeout(CONNECT_S)
        try:
            sock.connect(where)
        except OSError as wrong:
            sock.close()
            why = _name(wrong)
        else:
            return sock
    raise Unreachable(why)


@contextmanager
def _ended_after(sock: socket.socket, seconds: float) -> Iterator[threading.Event]:
    """Cut the connection when the time is up: a server that sends a byte a second never lets a
    socket's own timeout pass.
    """
    expired, watched = threading.Event(), sock.dup()  # TLS takes the socket itself over

    def end() -> None:
        expired.set()
        try:
            watched.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # it has ended by itself

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield expired
    finally:
        timer.cancel()
        timer.join()
        watched.close()


def _name(wrong: Exception) -> str:
    """The kind of failure; its text could name addresses."""
    if isinstance(wrong, ssl.SSLCertVerificationError):
        return "certificate"
    return "timeout" if isinstance(wrong, TimeoutError) else type(wrong).__name__
