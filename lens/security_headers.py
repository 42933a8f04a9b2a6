"""What a browser may do with our pages: the Content-Security-Policy and the Permissions-Policy.

Scripts and styles come only from our own files, never from inside a page, so that text that people
typed is never executed. Images may also be `data:` URLs: icons and QR codes.
"""

from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONE, SELF

# None of our pages uses these features.
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
    """Return django-csp's setting. Both arguments are URLs of Discord or of the sandbox.

    A browser applies `form-action` also to the redirect after a form, and signing in with Discord
    redirects to Discord's own page.
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
    """Return the origin and, for a sandbox on 127.0.0.1, the same with the name localhost."""
    return sorted({found, found.replace("127.0.0.1", "localhost")})
