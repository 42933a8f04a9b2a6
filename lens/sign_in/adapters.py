"""django-allauth's adapters.

allauth exchanges the OAuth messages with Discord; we match the account to a person.
`User.discord_id` is the only record of who owns which account: allauth's own tables stay empty, and
no token is stored.
"""

import logging
import time
from typing import Any

import requests
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from allauth.socialaccount.providers.base.constants import AuthError
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse

from cohorts import clock
from cohorts.models import User
from cohorts.services.account_matching import MatchOutcome
from cohorts.services.sign_ins import match_sign_in
from cohorts.validators import is_local, is_own_page
from lens.sign_in.discord import (
    DiscordAccountProvider,
    DiscordRefused,
    DiscordUnreachable,
    check_response,
)
from lens.sign_in.join_server import JOINING, finish_join, refuse_join
from lens.sign_in.pages import LEVELS, SignInFailure, show_refusal
from lens.sign_in.profile import read_profile
from lens.sign_in.receivers import describe_client, describe_person

log = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):
    """No sign-up, and no messages on what the page shows anyway."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": "Enter a correct e-mail address and password.",
        "incorrect_password": "This password is not correct.",
        "too_many_login_attempts": "Too many failed attempts. Wait 5 minutes, then try again.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_safe_url(self, url: str) -> bool:
        return is_own_page(url)

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        return

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            whose, where = describe_person(credentials.get("email")), describe_client(request)
            log.warning("Sign-in refused: too many failures for %s or from %s", whose, where)
            raise

    def reauthenticate(self, user: Any, password: str) -> bool:
        """Check the password by the person's own address: allauth's table of addresses is empty."""
        found = self.authenticate(self.request, email=user.email or "", password=password)
        return found is not None and found.pk == user.pk

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Let a recent sign-in count as a confirmation."""
        required = super().is_reauthentication_required(app=app, **kwargs)
        records = get_authentication_records(self.request, self.request.user)
        since = time.time() - settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
        return bool(required) and not any(record["at"] > since for record in records)

    def respond_user_inactive(self, request: HttpRequest, user: Any) -> HttpResponse:
        return show_refusal(request, SignInFailure.CLOSED)


class SocialAdapter(DefaultSocialAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return False

    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        """Return the application from the settings.

        One in the database would be a second source of truth.
        """
        if not settings.DISCORD_CLIENT_ID or provider not in {None, DiscordAccountProvider.id}:
            return []
        return [
            SocialApp(
                provider=DiscordAccountProvider.id,
                name=DiscordAccountProvider.name,
                client_id=str(settings.DISCORD_CLIENT_ID),
                secret=settings.DISCORD_CLIENT_SECRET,
            )
        ]

    def get_provider(
        self, request: HttpRequest, provider: str, client_id: str | None = None
    ) -> DiscordAccountProvider:
        return DiscordAccountProvider(request, app=self.get_app(request, provider, client_id))

    def get_requests_session(self) -> requests.Session:
        """Return a session that checks every response before allauth uses it."""
        session: requests.Session = super().get_requests_session()
        session.headers["User-Agent"] = f"Lens ({settings.SITE_URL})"
        # Two processes of one machine must not use a proxy from the environment.
        session.trust_env = not is_local(settings.DISCORD_API_BASE)
        session.hooks["response"].append(check_response)
        return session

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Replace the new person that allauth has prepared by our own.

        Someone who only joins the server is signed in already, and stays so.
        """
        if sociallogin.state.get("data") == JOINING:
            token = sociallogin.token.token
            raise ImmediateHttpResponse(finish_join(request, sociallogin.account.extra_data, token))
        found = match_sign_in(read_profile(sociallogin.account.extra_data), now=clock.now())
        outcome, person = found.outcome, None
        if outcome.lets_in and found.person_id is not None:
            # Read again: the account may have been closed since, and allauth's page for that does
            # not exist here.
            person = User.objects.filter(pk=found.person_id, is_active=True).first()
            outcome = outcome if person else MatchOutcome.CLOSED
        if person is None:
            log.info("A sign-in with Discord was refused: %s", outcome)
            raise ImmediateHttpResponse(show_refusal(request, SignInFailure(outcome)))
        sociallogin.user = person

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: Any = AuthError.UNKNOWN,
        exception: Exception | None = None,
        extra_context: Any = None,
    ) -> None:
        """Show the page for this failure, and log it without secrets."""
        context = extra_context or {}
        why = explain(error, exception, context)
        level = LEVELS.get(why, logging.INFO)
        log.log(level, "A sign-in with Discord failed: %s (%s)", why, describe(exception))
        is_joining = (context.get("state") or {}).get("data") == JOINING
        raise ImmediateHttpResponse((refuse_join if is_joining else show_refusal)(request, why))


def explain(error: Any, exception: Exception | None, context: dict[str, Any]) -> SignInFailure:
    """Return the reason for the page.

    what allauth reports                    the page
    --------------------------------------  ------------
    no state of this browser                expired
    the person refused                      cancelled
    no answer, or one of an outage          unreachable
    our id or secret is wrong               misconfigured
    any other refusal, or invalid data      refused
    """
    match exception:
        case None if "state" not in context:
            return SignInFailure.EXPIRED
        case None:
            return (
                SignInFailure.CANCELLED if error == AuthError.CANCELLED else SignInFailure.REFUSED
            )
        case DiscordRefused(is_ours=True):
            return SignInFailure.MISCONFIGURED
        case DiscordUnreachable() | requests.ConnectionError() | requests.Timeout():
            return SignInFailure.UNREACHABLE
        case _:
            return SignInFailure.REFUSED


def describe(exception: Exception | None) -> str:
    """Return text for the log: only our own messages are known to contain no secret."""
    own = isinstance(exception, DiscordRefused | DiscordUnreachable)
    return str(exception) if own else type(exception).__name__
