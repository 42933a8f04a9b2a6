"""What a browser may do with our pages: the Content-Security-Policy and the Permissions-Policy.

Scripts and styles are files of ours, never text in a page, so that text which someone typed in
never runs.  Pictures may be `data:` too: icons and QR codes.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONE, SELF

# None of our pages uses these.
PERMISSIONS_POLICY: dict[str, list[str]] = {
    feature: []
    for feature in (
        "accelerometer",
        "autoplay",
        "camera",
        "display-capture",
        "encrypted-media",
        "fullscreen",
        "geolocation",
        "gyroscope",
        "magnetometer",
        "microphone",
        "midi",
        "payment",
        "publickey-credentials-get",
        "screen-wake-lock",
        "usb",
        "xr-spatial-tracking",
    )
}


def content_security_policy(*, avatars: str, discord: str) -> dict[str, Any]:
    """Return django-csp's setting.  Both arguments are addresses at Discord or its stand-in.

    A browser applies `form-action` also to where a form is redirected: signing in with Discord
    leaves for Discord's own page.
    """
    return {
        "DIRECTIVES": {
            "default-src": [NONE],
            "script-src": [SELF],
            "style-src": [SELF],
            "img-src": [SELF, "data:", origin(avatars)],
            "font-src": [SELF],
            "connect-src": [SELF],
            "form-action": [SELF, *also_as_localhost(origin(discord))],
            "frame-ancestors": [NONE],
            "base-uri": [NONE],
            "object-src": [NONE],
        }
    }


def origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def also_as_localhost(found: str) -> list[str]:
    """A stand-in on this machine is reached by either of the machine's names."""
    return sorted({found, found.replace("127.0.0.1", "localhost")})
