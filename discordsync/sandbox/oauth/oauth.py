"""Discord's OAuth2 for people: codes, tokens, and the identity of a token's owner.

    GET, POST /oauth2/authorize     the page on which a person allows or denies (oauth_page.py)
    POST /api/oauth2/token          exchanges a code or a refresh token for tokens
    POST /api/oauth2/token/revoke   ends a token and the other one of its grant
    GET  /users/@me                 the identity of the bearer, as far as the scopes allow

A client's secret must begin with `sandbox`, like the bot's token.  Grants are part of the guild's
state:

    oauth.codes    code -> client_id, redirect_uri, scopes, user_id, until, spent (its grant),
                   challenge (of PKCE, "" without it)
    oauth.grants   grant id -> client_id, scopes, user_id, access, refresh, until
"""

import base64
import binascii
import hashlib
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from discordsync.sandbox.errors import Refusal, form_error, refuse, respond
from discordsync.sandbox.guild import Guild
from discordsync.sandbox.members import members

FORM = "application/x-www-form-urlencoded"
# What a web page can ask a person for; other scopes need Discord's approval, or a bot.
SCOPES = ("identify", "email", "connections", "guilds", "guilds.join", "guilds.members.read")
CODE_SECONDS = 100
TOKEN_SECONDS = 604_800

Handler = Callable[[web.Request], Awaitable[web.Response]]


class OAuthError(Exception):
    """A refusal of the token endpoint, in OAuth's format instead of the API's."""

    def __init__(self, status: int, error: str, description: str = "") -> None:
        super().__init__(error)
        self.status = status
        self.body = {"error": error} | ({"error_description": description} if description else {})


def invalid_grant(what: str) -> OAuthError:
    return OAuthError(400, "invalid_grant", f'Invalid "{what}" in request.')


# -- codes, granted by oauth_page.py -------------------------------------------------------------


def issue_code(
    guild: Guild,
    *,
    client_id: str,
    redirect_uri: str,
    scopes: list[str],
    user_id: str,
    challenge: str = "",
) -> str:
    """Store and return a code, valid once and briefly for this client and this redirect URI."""
    code = secrets.token_urlsafe(22)
    guild.state["oauth"]["codes"][code] = {
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "scopes": scopes,
        "user_id": user_id,
        "until": guild.ago(seconds=-CODE_SECONDS),
        "spent": None,
        "challenge": challenge,
    }
    return code


# -- the token endpoint --------------------------------------------------------------------------


def exchange(guild: Guild, client_id: str, form: Mapping[str, str]) -> dict[str, Any]:
    match form.get("grant_type"):
        case "authorization_code":
            return use_code(guild, client_id, form)
        case "refresh_token":
            return refresh(guild, client_id, form.get("refresh_token", ""))
        case other:
            raise OAuthError(400, "unsupported_grant_type", f"Grant type {other} is not supported")


def use_code(guild: Guild, client_id: str, form: Mapping[str, str]) -> dict[str, Any]:
    entry = guild.state["oauth"]["codes"].get(form.get("code", ""))
    if entry is None or entry["client_id"] != client_id or entry["until"] <= guild.timestamp():
        raise invalid_grant("code")
    if entry["spent"] is not None:
        # The code was leaked and used twice: end the grant that it gave as well.
        guild.state["oauth"]["grants"].pop(entry["spent"], None)
        raise invalid_grant("code")
    if form.get("redirect_uri") != entry["redirect_uri"]:
        raise invalid_grant("redirect_uri")
    # A code from a dump made before PKCE was supported has no challenge.
    if challenge_of(form.get("code_verifier", "")) != entry.get("challenge", ""):
        raise invalid_grant("code_verifier")
    grant_id = entry["spent"] = guild.new_id()
    return issue_tokens(guild, grant_id, client_id, entry["scopes"], entry["user_id"])


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of a verifier (RFC 7636), "" for none."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=") if verifier else ""


def refresh(guild: Guild, client_id: str, token: str) -> dict[str, Any]:
    for grant_id, grant in guild.state["oauth"]["grants"].items():
        if token and grant["refresh"] == token and grant["client_id"] == client_id:
            return issue_tokens(guild, grant_id, client_id, grant["scopes"], grant["user_id"])
    raise OAuthError(400, "invalid_grant")


def issue_tokens(
    guild: Guild, grant_id: str, client_id: str, scopes: list[str], user_id: str
) -> dict[str, Any]:
    """Issue new tokens for a grant; its previous ones end."""
    grant = {
        "client_id": client_id,
        "scopes": scopes,
        "user_id": user_id,
        "access": secrets.token_urlsafe(22),
        "refresh": secrets.token_urlsafe(22),
        "until": guild.ago(seconds=-TOKEN_SECONDS),
    }
    guild.state["oauth"]["grants"][grant_id] = grant
    return {
        "token_type": "Bearer",
        "access_token": grant["access"],
        "expires_in": TOKEN_SECONDS,
        "refresh_token": grant["refresh"],
        "scope": " ".join(scopes),
    }


def revoke(guild: Guild, client_id: str, form: Mapping[str, str]) -> dict[str, Any]:
    """End a grant.  Unknown tokens are no error; another client's tokens are ignored."""
    if not form.get("token"):
        raise OAuthError(400, "invalid_request", 'Missing "token" in request.')
    grants = guild.state["oauth"]["grants"]
    for grant_id, grant in list(grants.items()):
        is_it = form["token"] in (grant["access"], grant["refresh"])
        if is_it and grant["client_id"] == client_id:
            del grants[grant_id]
    return {}


def read_client(header: str, form: Mapping[str, str]) -> str:
    """Return the client's id after checking its secret, from the header or from the body."""
    client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
    scheme, _, encoded = header.partition(" ")
    if scheme == "Basic":
        try:
            client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise OAuthError(401, "invalid_client") from None
    if not is_client_id(client_id) or not secret.startswith("sandbox"):
        raise OAuthError(401, "invalid_client")
    return client_id


def is_client_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and 15 <= len(text) <= 20


# -- the bearer's identity -----------------------------------------------------------------------


def authenticate_bearer(guild: Guild, token: str) -> dict[str, Any]:
    """Return the user in Discord's format; the e-mail address only with its scope."""
    grant = find_grant(guild, token)
    if "identify" not in grant["scopes"]:
        raise refuse("unauthorized")
    user = guild.known("users", grant["user_id"], "unauthorized")
    shown = members.serialize_user(guild, grant["user_id"]) | {
        "mfa_enabled": False,
        "locale": "en-US",
        "premium_type": 0,
    }
    if "email" in grant["scopes"]:
        shown |= {"email": user.get("email"), "verified": user.get("verified", False)}
    return shown


def find_grant(guild: Guild, token: str) -> dict[str, Any]:
    for grant in guild.state["oauth"]["grants"].values():
        if token and grant["access"] == token and grant["until"] > guild.timestamp():
            return dict(grant)
    raise refuse("unauthorized")


# -- over HTTP -----------------------------------------------------------------------------------


def token_endpoint(
    guild: Guild, act: Callable[[Guild, str, Mapping[str, str]], dict[str, Any]]
) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        raw = await request.read()
        try:
            if request.content_type != FORM:
                sentence = f"Expected \"Content-Type\" header to be one of {{'{FORM}'}}."
                raise form_error({"": ("CONTENT_TYPE_INVALID", sentence)})
            form = dict(parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True))
            client_id = read_client(request.headers.get("Authorization", ""), form)
            return respond(200, act(guild, client_id, form))
        except OAuthError as denied:
            return respond(denied.status, denied.body)
        except Refusal as refusal:
            return respond(refusal.status, refusal.body())

    return answer


def bearer_endpoint(guild: Guild, as_bot: Handler) -> Handler:
    """Serve `/users/@me`: the person for a bearer token, the bot for any other."""

    async def answer(request: web.Request) -> web.Response:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer":
            return await as_bot(request)
        await request.read()
        try:
            return respond(200, authenticate_bearer(guild, token))
        except Refusal as refusal:
            return respond(refusal.status, refusal.body())

    return answer


def routes(guild: Guild, prefix: str, as_bot: Handler) -> list[web.RouteDef]:
    """Return the OAuth2 routes.  They must come before the bot's, to take `/users/@me`."""
    doors = [
        web.post(f"{base}/oauth2/token{more}", token_endpoint(guild, act))
        for base in ("/api", prefix)
        for more, act in (("", exchange), ("/revoke", revoke))
    ]
    return [*doors, web.get(f"{prefix}/users/@me", bearer_endpoint(guild, as_bot))]
