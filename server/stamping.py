"""时间戳: that somebody outside saw a checkpoint no later than then (RFC 3161).

The house's own clock proves nothing to the other side's lawyer; an authority's signature over the
checkpoint's digest and its time does. What is sent is a digest and nothing else.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from cryptography.x509 import Certificate, load_pem_x509_certificates
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from .outgoing import Forbidden, Outgoing, Unreachable

SAID = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
GRANTED = 0  # PKIStatus (RFC 3161 §2.4.2); `granted with modifications` is another's wish, not ours


class NoStamp(Exception):
    """There is no stamp, or it is none; says why in a few words."""


def certificates(path: Path) -> list[Certificate]:
    """The roots that are trusted, from a file in PEM. Raises ValueError, naming the setting."""
    try:
        return load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as wrong:
        said = wrong.strerror if isinstance(wrong, OSError) else "no certificate in PEM"
        raise ValueError(f"XUNJIAN_TSA_ROOTS_FILE: {path}: {said}") from None


def stamped_at(stamp: bytes, data: bytes, roots: Sequence[Certificate], nonce: int | None = None) -> datetime:
    """The moment at which the authority saw `data`, where `stamp` (a TimeStampResp in DER) says so, signed
    under one of these roots. Certificates count as of that moment. Raises NoStamp.
    """
    try:
        answer = decode_timestamp_response(stamp)
        if answer.status != GRANTED:
            words = " ".join(answer.status_string)[:100]
            raise NoStamp(f"the authority refuses: status {answer.status} {words}".strip())
        VerifierBuilder(roots=list(roots), nonce=nonce).build().verify_message(answer, data)
        return answer.tst_info.gen_time
    except VerificationError as wrong:
        raise NoStamp(f"the stamp does not hold: {str(wrong)[:80]}") from None
    except ValueError as wrong:
        raise NoStamp(f"this is no stamp: {str(wrong)[:80]}") from None


class Stamping:
    """One authority, by its address, and the roots under which it signs."""

    def __init__(self, outgoing: Outgoing, url: str, roots: Sequence[Certificate]) -> None:
        self._outgoing, self._url, self.roots = outgoing, url, tuple(roots)

    def stamp(self, data: bytes) -> bytes:
        """A stamp of `data`, checked (TimeStampResp in DER, with the certificates that it needs).

        Raises NoStamp.
        """
        request = (
            TimestampRequestBuilder(data=data, hash_algorithm=HashAlgorithm.SHA256)
            .nonce(nonce=True)
            .cert_request(cert_request=True)
            .build()
        )
        try:
            answer = self._outgoing.post(self._url, request.as_bytes(), SAID)
        except (Forbidden, Unreachable) as wrong:
            raise NoStamp(f"the authority cannot be asked: {wrong.why}") from None
        if not answer.good:
            raise NoStamp(f"the authority answers with {answer.status}")
        stamped_at(answer.body, data, self.roots, request.nonce)
        return answer.body
