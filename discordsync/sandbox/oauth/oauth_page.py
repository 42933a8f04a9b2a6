"""The page on which a person allows an application to know who they are.

On Discord the person is signed in; here the tester chooses who they are.
"""

import re
from collections.abc import Mapping
from html import escape
from typing import Any
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from discordsync.sandbox.guild import Guild, new_user
from discordsync.sandbox.oauth import oauth

LOCAL = frozenset({"127.0.0.1", "localhost"})
PASSED_ON = (
    *("client_id", "redirect_uri", "response_type", "scope", "state", "prompt"),
    *("code_challenge", "code_challenge_method"),
)
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")  # of S256, the only method that Discord supports
# An account that Lens does not know and that is not a member of the guild.
STRANGER = {
    "id": "299999999999999999",
    "username": "stranger",
    "email": "stranger@example.net",
    "verified": True,
}
STYLE = """
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 32rem; margin: 2rem auto; padding: 0 1rem; }
fieldset { border: 1px solid #8888; border-radius: .5rem; margin-bottom: 1rem; }
label { display: block; padding: .35rem 0; overflow-wrap: anywhere; }
small { opacity: .75; } button { font: inherit; padding: .5rem 1.25rem; margin-right: .5rem; }
"""


class AuthorizationError(Exception):
    """A request that gets an error page instead of a redirect."""


def show(guild: Guild, query: Mapping[str, str]) -> web.Response:
    try:
        scopes = check(guild, query)
    except AuthorizationError as wrong:
        return page("Invalid request", f"<p>{escape(str(wrong))}</p>", status=400)
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{escape(query[name])}">'
        for name in PASSED_ON
        if name in query
    )
    people = "".join(render_choice(guild, user) for user in list_users(guild))
    return page(
        "Authorize Lens",
        f"<p>An application asks who you are ({escape(', '.join(scopes))}). "
        "This is the sandbox: no one here is real, and you choose who to sign in as.</p>"
        f'<form method="post">{hidden}<fieldset><legend>You are</legend>{people}</fieldset>'
        '<button name="decision" value="allow">Authorize</button>'
        '<button name="decision" value="deny">Cancel</button></form>',
    )


def decide(guild: Guild, form: Mapping[str, str]) -> web.Response:
    try:
        scopes = check(guild, form)
    except AuthorizationError as wrong:
        return page("Invalid request", f"<p>{escape(str(wrong))}</p>", status=400)
    if form.get("decision") != "allow":
        return redirect(
            form,
            error="access_denied",
            error_description="The resource owner or authorization server denied the request",
        )
    user_id = form.get("user_id", "")
    if user_id == STRANGER["id"] and user_id not in guild.state["users"]:
        guild.state["users"][user_id] = new_user(**STRANGER)  # type: ignore[arg-type]
    if user_id not in guild.state["users"] or guild.state["users"][user_id]["bot"]:
        return page("Invalid request", "<p>Choose a person.</p>", status=400)
    code = oauth.issue_code(
        guild,
        client_id=form["client_id"],
        redirect_uri=form["redirect_uri"],
        scopes=scopes,
        user_id=user_id,
        challenge=form.get("code_challenge", ""),
    )
    return redirect(form, code=code)


def check(guild: Guild, query: Mapping[str, str]) -> list[str]:
    """Return the requested scopes.  Raises Wrong, so that no one is sent to an unknown address."""
    if not oauth.is_client_id(query.get("client_id", "")):
        raise AuthorizationError("Unknown Application")
    if not is_known_address(guild, query.get("redirect_uri", "")):
        raise AuthorizationError("Invalid OAuth2 redirect_uri")
    if query.get("response_type") != "code":
        raise AuthorizationError("The sandbox supports only the response type “code”.")
    if query.get("prompt", "consent") not in {"consent", "none"}:
        raise AuthorizationError("Invalid prompt")
    has_challenge, method = "code_challenge" in query, query.get("code_challenge_method")
    if (has_challenge and not CHALLENGE.fullmatch(query["code_challenge"])) or (
        method != ("S256" if has_challenge else None)
    ):
        raise AuthorizationError("Invalid code_challenge")
    scopes = query.get("scope", "").split()
    if not scopes or set(scopes) - set(oauth.SCOPES):
        raise AuthorizationError("The requested scope is invalid, unknown, or malformed.")
    return sorted(set(scopes))


def is_known_address(guild: Guild, address: str) -> bool:
    """Return whether an address is registered or, if none is, on this machine."""
    registered = guild.setting("redirect_uris")
    if registered is not None:
        return address in registered
    parts = urlsplit(address)
    return parts.scheme in {"http", "https"} and parts.hostname in LOCAL


def list_users(guild: Guild) -> list[dict[str, Any]]:
    people = [user for user in guild.state["users"].values() if not user["bot"]]
    known = sorted(people, key=lambda user: str(user["username"]))
    return known if STRANGER["id"] in guild.state["users"] else [*known, {**STRANGER}]


def render_choice(guild: Guild, user: Mapping[str, Any]) -> str:
    address = user.get("email") or "no address"
    verified = "" if user.get("verified") or not user.get("email") else ", not verified"
    outside = "" if user["id"] in guild.state["members"] else "; not in the server"
    return (
        f'<label><input type="radio" name="user_id" value="{user["id"]}" required> '
        f"{escape(user.get('global_name') or user['username'])} "
        f"<small>{escape(address)}{verified}{outside}</small></label>"
    )


def redirect(form: Mapping[str, str], **answer: str) -> web.Response:
    query = answer | ({"state": form["state"]} if "state" in form else {})
    joint = "&" if urlsplit(form["redirect_uri"]).query else "?"
    return web.Response(
        status=302, headers={"Location": f"{form['redirect_uri']}{joint}{urlencode(query)}"}
    )


def page(title: str, body: str, *, status: int = 200) -> web.Response:
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">'
        f"<title>{title} · Sandbox</title><style>{STYLE}</style></head>"
        f"<body><main><h1>{title}</h1>{body}</main></body></html>"
    )
    return web.Response(
        status=status,
        body=html.encode("utf-8", "replace"),
        content_type="text/html",
        charset="utf-8",
    )


def routes(guild: Guild) -> list[web.RouteDef]:
    async def show_page(request: web.Request) -> web.Response:
        return show(guild, request.query)

    async def answer(request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        return decide(guild, form)

    path = "/oauth2/authorize"
    return [web.get(path, show_page), web.post(path, answer)]
