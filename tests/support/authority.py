"""A time authority of the tests' own (RFC 3161), written from the RFCs, with a way to misbehave.

It shares nothing with what it is asked by: DER by hand (X.690), CMS by RFC 5652, and ECDSA.
"""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

INTEGER, OCTETS, NULL, OID, UTF8, TIME, SEQUENCE, SET = 0x02, 0x04, 0x05, 0x06, 0x0C, 0x18, 0x30, 0x31
SIGNED_DATA, TST_INFO = "1.2.840.113549.1.7.2", "1.2.840.113549.1.9.16.1.4"
CONTENT_TYPE, DIGEST, CERTIFICATE = (
    *("1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"),
    "1.2.840.113549.1.9.16.2.47",
)
SHA256, ECDSA_SHA256, POLICY = "2.16.840.1.101.3.4.2.1", "1.2.840.10045.4.3.2", "1.3.6.1.4.1.99999.1"


def der(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    if len(body) < 0x80:
        return bytes([tag, len(body)]) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + body


def integer(value: int) -> bytes:
    return der(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def oid(dotted: str) -> bytes:
    first, second, *rest = map(int, dotted.split("."))
    out = bytes([first * 40 + second])
    for arc in rest:
        septets = [arc & 0x7F]
        while arc := arc >> 7:
            septets.append(arc & 0x7F | 0x80)
        out += bytes(reversed(septets))
    return der(OID, out)


def elements(body: bytes) -> list[tuple[int, bytes, bytes]]:
    """(tag, contents, whole element) of each that stands in `body`."""
    found, at = [], 0
    while at < len(body):
        size, start = body[at + 1], at + 2
        if size & 0x80:
            start += size & 0x7F
            size = int.from_bytes(body[at + 2 : start], "big")
        found.append((body[at], body[start : start + size], body[at : start + size]))
        at = start + size
    return found


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _certificate(
    name: str, key: ec.EllipticCurvePrivateKey, issuer: x509.Name, by: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    root = _named(name) == issuer
    made = (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1))
        .not_valid_after(datetime(2040, 1, 1))
        .add_extension(x509.BasicConstraints(ca=root, path_length=None), critical=True)
    )
    if not root:
        stamping = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        made = made.add_extension(stamping, critical=True)
    return made.sign(by, hashes.SHA256())


@dataclass
class Authority:
    """Stamps whatever is asked, as of `now`; behaves as `script` says, one word a request, then well.

    `refuses` (a rejection), `forges` (signs with a key of nobody), `mixes` (another digest), `replays`
    (another nonce), `fails` (500), `babbles` (no DER), `cut` (hangs up).
    """

    name: str = "测试授时中心"
    now: datetime = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)
    url: str = ""
    script: list[str] = field(default_factory=list)
    asked: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        above = ec.generate_private_key(ec.SECP256R1())
        issuer = _named(f"{self.name} root")
        self.root = _certificate(f"{self.name} root", above, issuer, above)
        self._leaf = _certificate(self.name, self._key, issuer, above)

    @property
    def pem(self) -> bytes:
        """Its root, as it would publish it."""
        return self.root.public_bytes(Encoding.PEM)

    def answer(self, request: bytes, behaviour: str = "") -> bytes:
        """A TimeStampResp to a TimeStampReq (RFC 3161 §2.4)."""
        if behaviour == "refuses":
            words = der(SEQUENCE, der(UTF8, "今日不办公".encode()))
            return der(SEQUENCE, der(SEQUENCE, integer(2), words))
        [(_tag, body, _whole)] = elements(request)
        _version, imprint, *more = elements(body)
        nonce = next((whole for tag, _body, whole in more if tag == INTEGER), b"")
        said = imprint[2]
        if behaviour == "mixes":
            said = said[:-32] + hashlib.sha256(b"something else").digest()
        if behaviour == "replays":
            nonce = integer(7)
        when = der(TIME, f"{self.now:%Y%m%d%H%M%S}Z".encode())
        told = der(SEQUENCE, integer(1), oid(POLICY), said, integer(len(self.asked) + 1), when, nonce)
        key = ec.generate_private_key(ec.SECP256R1()) if behaviour == "forges" else self._key
        return der(SEQUENCE, der(SEQUENCE, integer(0)), self._signed(told, key))

    def _signed(self, told: bytes, key: ec.EllipticCurvePrivateKey) -> bytes:
        """CMS (RFC 5652 §5) over a TSTInfo, with the certificate and its digest among what is signed."""
        leaf = self._leaf.public_bytes(Encoding.DER)
        digest = hashlib.sha256(leaf).digest()
        held = der(SEQUENCE, der(SEQUENCE, der(SEQUENCE, der(OCTETS, digest))))
        signed = [
            der(SEQUENCE, oid(CONTENT_TYPE), der(SET, oid(TST_INFO))),
            der(SEQUENCE, oid(DIGEST), der(SET, der(OCTETS, hashlib.sha256(told).digest()))),
            der(SEQUENCE, oid(CERTIFICATE), der(SET, held)),
        ]
        attributes = der(SET, *sorted(signed))
        signature = key.sign(attributes, ec.ECDSA(hashes.SHA256()))
        algorithm = der(SEQUENCE, oid(SHA256))
        who = der(SEQUENCE, self._leaf.issuer.public_bytes(), integer(self._leaf.serial_number))
        signer = der(
            SEQUENCE,
            *(integer(1), who, algorithm, b"\xa0" + attributes[1:]),
            *(der(SEQUENCE, oid(ECDSA_SHA256)), der(OCTETS, signature)),
        )
        content = der(SEQUENCE, oid(TST_INFO), der(0xA0, der(OCTETS, told)))
        whole = der(SEQUENCE, integer(3), der(SET, algorithm), content, der(0xA0, leaf), der(SET, signer))
        return der(SEQUENCE, oid(SIGNED_DATA), der(0xA0, whole))

    def passes(self, **span: float) -> None:
        self.now += timedelta(**span)


class _Handler(BaseHTTPRequestHandler):
    server: "_Server"

    def do_POST(self) -> None:
        told = self.server.told
        request = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        behaviour = told.script.pop(0) if told.script else ""
        told.asked.append(request)
        if behaviour == "cut":
            self.connection.close()
            return
        body = b"<html>" if behaviour == "babbles" else told.answer(request, behaviour)
        self.send_response(500 if behaviour == "fails" else 200)
        self.send_header("Content-Type", "application/timestamp-reply")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


def _silent(*_: Any) -> None:
    """A caller that hung up is no news."""


class _Server(ThreadingHTTPServer):
    handle_error = _silent
    told: Authority


@contextmanager
def authority() -> Iterator[Authority]:
    """One that answers on a port of its own."""
    server = _Server(("127.0.0.1", 0), _Handler)
    told = server.told = Authority()
    told.url = f"http://127.0.0.1:{server.server_port}/tsa"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
