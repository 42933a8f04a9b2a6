"""Sign-in with Discord: the redirect and the callback."""

from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from allauth.account.utils import get_next_redirect_url
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialApp, SocialLogin, SocialToken
from allauth.socialaccount.providers.base.constants import AuthProcess
from allauth.socialaccount.providers.discord import provider as allauths
from allauth.socialaccount.providers.oauth2.client import OAuth2Client, OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2Adapter, OAuth2CallbackView
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from cohorts.validators import is_local
from lens.sign_in.profile import read_profile


class DiscordUnreachable(OAuth2Error):
    """Discord answered as in an outage (5xx or 429)."""


class DiscordRefused(OAuth2Error):
    """Discord refused, or sent invalid data. `is_ours`: our own id or secret is not accepted."""

    def __init__(self, said: str, *, is_ours: bool = False) -> None:
        super().__init__(said)
        self.is_ours = is_ours


def check_response(answer: requests.Response, **_: Any) -> None:
    """Raise DiscordUnreachable or DiscordRefused, never with what could be a secret."""
    status = answer.status_code
    if status == 200:
        return
    if status >= 500 or status == 429:
        raise DiscordUnreachable(f"status {status}")
    raise DiscordRefused(f"status {status}", is_ours="invalid_client" in answer.text)


class DiscordOAuth2Adapter(OAuth2Adapter):
    """Discord's URLs, or the sandbox's if DISCORD_API_BASE names one."""

    provider_id = "discord"

    @property
    def access_token_url(self) -> str:
        return f"{settings.DISCORD_API_BASE}/oauth2/token"

    @property
    def profile_url(self) -> str:
        return f"{settings.DISCORD_API_BASE}/users/@me"

    @property
    def authorize_url(self) -> str:
        """The page for people, which is not part of the API."""
        parts = urlsplit(settings.DISCORD_API_BASE)
        return urlunsplit((parts.scheme, parts.netloc, "/oauth2/authorize", "", ""))

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        """Return the one URL that is registered at Discord, for any host name in the request.

        With a sandbox this machine has several names, and cookies are kept for each separately.
        """
        here = request.build_absolute_uri("/").rstrip("/")
        base = here if settings.SANDBOX and is_local(here) else settings.SITE_URL
        return f"{base}{reverse('discord_callback')}"

    def get_access_token_data(
        self,
        request: HttpRequest,
        app: SocialApp,
        client: OAuth2Client,
        pkce_code_verifier: str | None = None,
    ) -> dict[str, Any]:
        try:
            given = super().get_access_token_data(request, app, client, pkce_code_verifier)
            return {"access_token": str(given["access_token"])}  # nothing else is needed
        except (LookupError, TypeError, ValueError):
            raise DiscordRefused("a response without a token") from None

    def complete_login(
        self, request: HttpRequest, app: SocialApp, token: SocialToken, **kwargs: Any
    ) -> SocialLogin:
        with get_adapter().get_requests_session() as session:
            answer = session.get(
                self.profile_url, headers={"Authorization": f"Bearer {token.token}"}
            )
        try:
            data = answer.json()
            read_profile(data)
        except ValueError:
            raise DiscordRefused("a response without a user") from None
        return self.get_provider().sociallogin_from_response(request, data)


class DiscordAccountProvider(allauths.DiscordProvider):
    oauth2_adapter_class = DiscordOAuth2Adapter
    pkce_enabled_default = True

    def extract_email_addresses(self, data: Any) -> list[Any]:
        """Return none: only profile.py decides which address counts."""
        return []

    def extract_common_fields(self, data: Any) -> dict[str, Any]:
        return {}


# -- views ---------------------------------------------------------------------------------------


@never_cache
@require_POST
def start_sign_in(request: HttpRequest) -> HttpResponse:
    """Redirect to Discord.

    Only by POST, never by a link: another site must not sign anyone in. With allauth's own view,
    the URL could choose the scope and what happens afterwards.
    """
    if not settings.DISCORD_CLIENT_ID:
        raise Http404("Signing in with Discord is not set up.")
    provider = get_adapter().get_provider(request, DiscordAccountProvider.id)
    # A person who was refused may want to use another account: then Discord asks again.
    prompt = "consent" if "other" in request.POST else "none"
    answer: HttpResponse = provider.redirect(
        request,
        AuthProcess.LOGIN,
        next_url=get_next_redirect_url(request),
        scope=["identify", "email"],
        auth_params={"prompt": prompt},
    )
    return answer


_callback = OAuth2CallbackView.adapter_view(DiscordOAuth2Adapter)


@never_cache
@require_GET
def discord_callback(request: HttpRequest) -> HttpResponseBase:
    if not settings.DISCORD_CLIENT_ID:
        raise Http404("Signing in with Discord is not set up.")
    answer: HttpResponseBase = _callback(request)
    return answer
