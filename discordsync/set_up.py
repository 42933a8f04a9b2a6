"""The Discord lines of a person's set-up."""

from collections.abc import Iterator

from django.conf import settings
from django.urls import reverse

from cohorts.models import AccessState, Group, User
from cohorts.reconcile.provider import configured_providers
from discordsync.joining.states import is_inside, may_add_members
from discordsync.models import DmChannel
from discordsync.plan.review import RULES_PENDING
from discordsync.selectors import PROVIDER
from guestvisits.set_up_status import (
    Remedy,
    SetUpCheck,
    SetUpContext,
    SetUpStatus,
    blocked_check,
    each_group,
    is_being_set_up,
    is_blocked,
)

State = AccessState.State


def find_lines(context: SetUpContext) -> Iterator[SetUpCheck]:
    """Yield the person's set-up lines for Discord.  One query."""
    if PROVIDER not in configured_providers():
        return
    yield account_line(context.person)
    yield server_line(context)
    for group, row in each_group(context, PROVIDER):
        yield group_line(group, row)
    yield direct_line(context.person)


def account_line(person: User) -> SetUpCheck:
    title = "Discord account"
    if person.discord_id is not None:
        name = person.discord_name
        known = f"Your account is {name}." if name else "We know your account by its ID."
        return SetUpCheck(title, SetUpStatus.FINE, known)
    text = "We do not know your account, so it cannot get access."
    if not settings.DISCORD_CLIENT_ID:
        return SetUpCheck(
            title, SetUpStatus.YOURS, text, "Tell the people who run your course your Discord name."
        )
    return SetUpCheck(
        title,
        SetUpStatus.YOURS,
        text,
        "Sign in with Discord once. Your Discord account must use the address above, and the "
        "address must be verified there.",
        Remedy("Sign in with Discord", reverse("discord_login"), is_post=True),
    )


def server_line(context: SetUpContext) -> SetUpCheck:
    title = "The Discord server"
    rows = [row for _, row in each_group(context, PROVIDER) if row]
    if any(is_inside(row) for row in rows):
        return SetUpCheck(title, SetUpStatus.FINE, "You have joined.")
    step = _way_to_join(context.person)
    if any(row.state == State.NOT_JOINED for row in rows):
        remedy = (
            "Join the server" if step else "Ask the people who run your course for an invitation"
        )
        return SetUpCheck(
            title,
            SetUpStatus.YOURS,
            "You have not joined yet.",
            f"{remedy}. You then get access to your group's channels within about a minute.",
            step,
        )
    text = (
        "We can check whether you have joined once we know your account."
        if context.person.discord_id is None
        else "We have not checked yet whether you have joined."
    )
    return SetUpCheck(title, SetUpStatus.COMING, text, step=step)


def _way_to_join(person: User) -> Remedy | None:
    """Return the button or, where Lens cannot add the person, the invitation link."""
    if may_join_here(person):
        return Remedy("Join the server", reverse("join-server"), is_post=True)
    invitation = settings.DISCORD_INVITE_URL
    return Remedy("Join the server", invitation) if invitation else None


def may_join_here(person: User) -> bool:
    """Return whether Lens can add this person to the server, with a token that Discord gives."""
    has_account = person.discord_id is not None and bool(settings.DISCORD_CLIENT_ID)
    return has_account and may_add_members()


def group_line(group: Group, row: AccessState | None) -> SetUpCheck:
    title = f"{group} on Discord"
    if row is None or is_being_set_up(group, row):
        return SetUpCheck(title, SetUpStatus.COMING, "Its channels have not been created yet.")
    if is_blocked(row):
        return blocked_check(title, row)
    match State(row.state):
        case State.GRANTED:
            return _granted_line(title, row)
        case State.NOT_JOINED:
            return SetUpCheck(title, SetUpStatus.COMING, "You get access once you join the server.")
        case State.NO_ADDRESS:
            return SetUpCheck(
                title, SetUpStatus.COMING, "You get access once we know your account."
            )
        case _:
            return SetUpCheck(title, SetUpStatus.COMING, "You get access within about a minute.")


def _granted_line(title: str, row: AccessState) -> SetUpCheck:
    if row.reason != RULES_PENDING:
        return SetUpCheck(title, SetUpStatus.FINE, "You have its role and can see its channels.")
    return SetUpCheck(
        title,
        SetUpStatus.YOURS,
        "You have its role, but you have not accepted the server's rules yet.",
        "Open the server in Discord and accept its rules.",
    )


def direct_line(person: User) -> SetUpCheck:
    title = "Direct messages"
    line = DmChannel.objects.filter(discord_id=person.discord_id or 0).first()
    step = Remedy("Choose how messages reach you", reverse("choose-messages"))
    if not person.wants_discord:
        text = "You turned off messages on Discord."
        return SetUpCheck(title, SetUpStatus.FINE, text, step=step)
    if line is None:
        return SetUpCheck(
            title,
            SetUpStatus.OPTIONAL,
            "The bot writes only to people who have used it. You get e-mail instead.",
            "To get direct messages, use the bot once: type /my-meetings in the server.",
        )
    if line.refused_at is not None:
        return SetUpCheck(
            title,
            SetUpStatus.YOURS,
            "Discord refused our last message to you. You get e-mail instead.",
            "Allow direct messages in the server's Privacy Settings, then type /my-meetings there.",
        )
    return SetUpCheck(title, SetUpStatus.FINE, "The bot can write to you.", step=step)
