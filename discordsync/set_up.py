"""The Discord lines of a person's set-up."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.urls import reverse

from cohorts.models import AccessState, Group, User
from cohorts.sync.registry import configured_mirrors
from discordsync.mirror import UNSEEN
from discordsync.models import DirectLine
from guestvisits.set_up import (
    Line,
    Scene,
    Standing,
    Step,
    each_group,
    held_up,
    is_being_set_up,
    is_held_up,
)

MIRROR = "discord"

State = AccessState.State


def find_lines(scene: Scene) -> Iterator[Line]:
    """Yield the person's set-up lines for Discord.  One query."""
    if MIRROR not in configured_mirrors():
        return
    yield account_line(scene.person)
    yield server_line(scene)
    for group, row in each_group(scene, MIRROR):
        yield group_line(group, row)
    yield direct_line(scene.person)


def account_line(person: User) -> Line:
    title = "Discord account"
    if person.discord_id is not None:
        known = f"as {person.discord_name}" if person.discord_name else "by your account's id"
        return Line(title, Standing.FINE, f"You are known there {known}.")
    text = "We do not know which account is yours, so it can be given no access."
    if not settings.DISCORD_CLIENT_ID:
        return Line(
            title, Standing.YOURS, text, "Tell the people who run your course your Discord name."
        )
    return Line(
        title,
        Standing.YOURS,
        text,
        "Sign in with Discord once. Its address must be the one above, and verified there.",
        Step("Sign in with Discord", reverse("discord_login"), is_post=True),
    )


def server_line(scene: Scene) -> Line:
    title = "The Discord server"
    rows = [row for _, row in each_group(scene, MIRROR) if row]
    invitation = settings.DISCORD_INVITE_URL
    step = Step("Join the server", invitation) if invitation else None
    if any(is_inside(row) for row in rows):
        return Line(title, Standing.FINE, "You are in.")
    if any(row.state == State.NOT_THERE for row in rows):
        remedy = "Join it" if step else "Ask the people who run your course for an invitation"
        return Line(
            title,
            Standing.YOURS,
            "You are not in it yet.",
            f"{remedy}; your group's channels open by themselves within a minute or so.",
            step,
        )
    text = (
        "Whether you are in it is seen once your account is known."
        if scene.person.discord_id is None
        else "Whether you are in it has not been seen yet."
    )
    return Line(title, Standing.COMING, text, step=step)


def is_inside(row: AccessState) -> bool:
    """Return whether an access state implies that the person is in the server."""
    return row.state in {State.HAS, State.WANTED, State.WITHHELD, State.FAILED} and (
        row.reason != UNSEEN
    )


def group_line(group: Group, row: AccessState | None) -> Line:
    title = f"{group} on Discord"
    if row is None or is_being_set_up(group, row):
        return Line(title, Standing.COMING, "Its channels are not made yet.")
    if is_held_up(row):
        return held_up(title, row)
    match State(row.state):
        case State.HAS:
            return Line(title, Standing.FINE, "You have its role and see its channels.")
        case State.NOT_THERE:
            return Line(
                title, Standing.COMING, "Its channels open as soon as you are in the server."
            )
        case State.NO_ADDRESS:
            return Line(title, Standing.COMING, "Its channels open once your account is known.")
        case _:
            return Line(title, Standing.COMING, "Its role is given to you within a minute or so.")


def direct_line(person: User) -> Line:
    title = "Direct messages"
    line = DirectLine.objects.filter(discord_id=person.discord_id or 0).first()
    step = Step("Choose how messages reach you", reverse("choose-messages"))
    if not person.wants_discord:
        text = "You asked for no messages on Discord, and get none."
        return Line(title, Standing.FINE, text, step=step)
    if line is None:
        return Line(
            title,
            Standing.OPTIONAL,
            "The bot writes only to people who have used it; you get e-mail.",
            "To be able to get them, use it once: type /my-meetings in the server.",
        )
    if line.closed_at is not None:
        return Line(
            title,
            Standing.YOURS,
            "Discord turned our last message to you away; you get e-mail.",
            "In the server's Privacy Settings allow direct messages, then type /my-meetings there.",
        )
    return Line(title, Standing.FINE, "The bot may write to you.", step=step)
