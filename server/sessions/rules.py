"""How many wrong attempts are borne, and from where they count as coming."""

from ipaddress import IPv6Address, ip_address, ip_network

# Wrong attempts in a row after which a lane is closed (server/attempts.py). NIST SP 800-63B-4 §3.2.2 wants a
# limit of at most 100 for an account: so many take a known one twenty hours.
OWN = 10
ACCOUNT = 50  # of all strangers together: many addresses that try one account
ADDRESS = 30  # one address that tries many accounts; an office behind one address may mistype too
V6_NETWORK = 64  # bits: what one household or one machine has for itself


def network(address: str) -> str:
    """What an address counts as: itself, for IPv6 its network of 64 bits."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        mapped = found.ipv4_mapped
        return str(mapped or ip_network((found, V6_NETWORK), strict=False))
    return str(found)
