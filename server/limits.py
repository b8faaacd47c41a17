"""How often somebody may come: a person, an address, and at the door of the sign-in.

Counted in the memory of each process (docs/operations.md says what that makes of N nodes): a flood is to
be slowed down where it arrives, without a round trip for everybody else. What must hold exactly, such as
wrong passwords, is counted in the database by those whom it concerns.
"""

import random
from ipaddress import ip_address, ip_network

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from .errors import RETRY_AFTER_S, Refusal

SIGN_IN = "/api/v1/session"
# A provider gives a household or a phone a whole network of this size (RFC 6177).
IPV6_HOUSEHOLD = 64


class Limits:
    """What may come a minute; 0 is without a limit."""

    def __init__(self, *, person: int, address: int, sign_in: int) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._items = {
            who: RateLimitItemPerMinute(most)
            for who, most in (("person", person), ("address", address), ("sign-in", sign_in))
            if most
        }

    def come(self, address: str, method: str, path: str) -> None:
        """Somebody comes from an address. Raises Refusal `too-many-requests`."""
        if "address" in self._items:
            self._count("address", _household(address))
        if method == "POST" and path.startswith(SIGN_IN) and "sign-in" in self._items:
            self._count("sign-in", _household(address))

    def known(self, person: str) -> None:
        """It is this person. Raises Refusal `too-many-requests`."""
        if "person" in self._items:
            self._count("person", person)

    def _count(self, who: str, name: str) -> None:
        item = self._items[who]
        if self._limiter.hit(item, who, name):
            return
        refusal = Refusal("too-many-requests", counted=who, a_minute=item.amount)
        refusal.headers["Retry-After"] = str(random.randint(2, 2 * RETRY_AFTER_S[1]))
        raise refusal


def _household(address: str) -> str:
    """An address as it is counted."""
    try:
        return (
            address
            if ip_address(address).version == 4
            else str(ip_network((address, IPV6_HOUSEHOLD), strict=False))
        )
    except ValueError:
        return address
