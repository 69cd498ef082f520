"""Which addresses are public, and the lookup that decides on them (OWASP: server-side request forgery)."""

import ipaddress
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as LookupTimeout
from typing import Final, TypeAlias

from provenance.core.errors import InvalidRequest, Unavailable

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver: TypeAlias = Callable[[str, int], Sequence[str]]
"""(host, port) to numeric addresses. Raises OSError."""

# IANA special-purpose registries, spelled out: what `ipaddress` calls global changes between Python's patch releases.
_REFUSED_V4: Final = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private, RFC 1918
        "100.64.0.0/10",  # carrier-grade NAT, RFC 6598
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's platform service: publicly numbered, reachable only from inside
        "169.254.0.0/16",  # link-local; cloud metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # IETF protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
# Global unicast alone: leaves out loopback, ULA, link-local, multicast, IPv4-mapped, IPv4-compatible and NAT64.
_ALLOWED_V6: Final = ipaddress.IPv6Network("2000::/3")
_REFUSED_V6: Final = tuple(
    ipaddress.IPv6Network(network)
    for network in (
        "2001::/23",  # IETF protocol assignments: Teredo, ORCHID, benchmarks
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: an IPv4 address inside
        "3fff::/20",  # documentation
    )
)
_ISATAP: Final = (0x00005EFE, 0x02005EFE)  # upper half of an interface id with an IPv4 address inside, RFC 5214
_LOOKUPS: Final = ThreadPoolExecutor(max_workers=8, thread_name_prefix="lookup")


def is_public(address: Address) -> bool:
    """True for an address of the open internet that hides no other address."""
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _REFUSED_V4)
    if address not in _ALLOWED_V6 or any(address in network for network in _REFUSED_V6):
        return False
    return int(address) >> 32 & 0xFFFFFFFF not in _ISATAP


def is_public_or_loopback(address: Address) -> bool:
    return is_public(address) or address.is_loopback


def is_any(_address: Address) -> bool:
    """True."""
    return True


def system_resolver(host: str, port: int) -> Sequence[str]:
    """The operating system's answer, in its order of preference. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def checked_addresses(
    host: str, port: int, *, resolve: Resolver, seconds: float, allowed: Callable[[Address], bool] = is_public
) -> tuple[Address, ...]:
    """Look `host` up once; the caller connects to these addresses and never asks again, or a second answer could differ
    (DNS rebinding). One forbidden address among them refuses the host. Raises InvalidRequest, Unavailable."""
    try:
        texts = _LOOKUPS.submit(resolve, host, port).result(timeout=seconds)
        addresses = tuple(ipaddress.ip_address(text.partition("%")[0]) for text in texts)
    except LookupTimeout as error:
        raise Unavailable(f"looking up {host!r} took too long", hint="try again later") from error
    except (OSError, ValueError) as error:
        raise Unavailable(f"the host {host!r} has no address", hint="check the URL") from error
    if not addresses:
        raise Unavailable(f"the host {host!r} has no address", hint="check the URL")
    for address in addresses:
        if not allowed(address):
            raise InvalidRequest(
                f"the host {host!r} is not on the public internet", hint="upload the file instead of its URL"
            )
    return addresses
