"""Which proxies are trusted, and which address the client behind them has.

TRUSTED_PROXIES is the one setting.  gunicorn.conf.py passes it to gunicorn.  The middleware sets
REMOTE_ADDR to the client's own address and removes forwarded headers that are not trusted.  Django,
allauth and the REST framework all read REMOTE_ADDR, so they need no setting of their own.

    peer          X-Forwarded-For       REMOTE_ADDR becomes         X-Forwarded-Proto
    ------------  --------------------  --------------------------  -----------------
    not trusted   anything              stays the peer              removed
    trusted       none                  stays the peer              kept
    trusted       "a, b", b trusted     a                           kept
    trusted       "a, b", b untrusted   b, since it may invent a    kept
    trusted (*)   "a, b"                b                           kept
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.utils.deprecation import MiddlewareMixin

Network = IPv4Network | IPv6Network
ANYONE = "*"
CLAIMS = (
    "HTTP_FORWARDED",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_PROTO",
)


def check_proxies(names: Sequence[str]) -> list[str]:
    """Return the names unchanged.  Raises ImproperlyConfigured if one is not an address."""
    for name in names:
        try:
            if name != ANYONE:
                ip_network(name)
        except ValueError:
            raise ImproperlyConfigured(
                "TRUSTED_PROXIES must be addresses or networks, separated by commas, such as "
                f"127.0.0.1 or 10.0.0.0/8, or * where only the proxy can connect; it has {name!r}."
            ) from None
    return list(names)


def is_trusted(address: str, proxies: Sequence[str]) -> bool:
    if ANYONE in proxies:  # also the peer of a unix socket, which has no address
        return True
    found = _parse(address)
    return found is not None and any(found in ip_network(name) for name in proxies)


def find_client(peer: str, forwarded_for: str, proxies: Sequence[str]) -> str:
    """Return the nearest address that does not belong to a trusted proxy (the table above)."""
    client = peer
    for claimed in reversed(forwarded_for.split(",")):
        if not is_trusted(client, proxies) or _parse(claimed) is None:
            break
        client = claimed.strip()
        if ANYONE in proxies:
            break
    return client


def _parse(address: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(address.strip())
    except ValueError:
        return None


class ForwardedMiddleware(MiddlewareMixin):
    """Apply the forwarded headers of trusted proxies, and remove those of anyone else."""

    def process_request(self, request: HttpRequest) -> None:
        meta, proxies = request.META, settings.TRUSTED_PROXIES
        peer = meta.get("REMOTE_ADDR", "")
        if is_trusted(peer, proxies):
            forwarded_for = meta.pop("HTTP_X_FORWARDED_FOR", "")
            meta["REMOTE_ADDR"] = find_client(peer, forwarded_for, proxies)
        else:
            for claim in CLAIMS:
                meta.pop(claim, None)
