"""The issues that can occur with Discord: what each means and what to do about it."""

from __future__ import annotations

from cohorts.sync.troubles import TroubleText

TROUBLES: dict[str, TroubleText] = {
    "discord_answer": TroubleText(
        "Discord did not answer in the expected form.",
        "Nothing to do at first: it is tried again every minute. If it goes on, check that nothing "
        "between this machine and Discord (a proxy, a sign-in page of the network) answers "
        "instead.",
    ),
    "bad_token": TroubleText(
        "Discord does not accept the bot's token.",
        "Copy the token from the Developer Portal (Bot, Reset Token) into DISCORD_BOT_TOKEN and "
        "restart.",
        needs_person=True,
    ),
    "wrong_guild": TroubleText(
        "The bot cannot find the Discord server that DISCORD_GUILD_ID names.",
        "Check the id (right-click the server, Copy Server ID) and invite the bot to that server.",
        needs_person=True,
    ),
    "no_member_list": TroubleText(
        "Discord does not show the bot who is in the server.",
        "In the Developer Portal open Bot and switch on “Server Members Intent”.",
        needs_person=True,
    ),
    "missing_permissions": TroubleText(
        "The bot lacks permissions in the Discord server, so nothing new is made.",
        "Give the bot's role the permissions that docs/operations.md lists. The connection check "
        "names those that are missing.",
        needs_person=True,
    ),
    "role_too_low": TroubleText(
        "The group's role stands above the bot's own, so the bot may not grant it.",
        "In Discord, Server Settings, Roles: drag the bot's role above the groups' roles.",
        needs_person=True,
    ),
    "forbidden": TroubleText(
        "Discord forbids the bot this step (code 50013).",
        "Drag the bot's role above the groups' roles and give it the permissions that "
        "docs/operations.md lists.",
        needs_person=True,
    ),
    "no_access": TroubleText(
        "The bot cannot see this channel (code 50001).",
        "Give the bot itself “View Channel” in the channel's permissions.",
        needs_person=True,
    ),
    "two_factor": TroubleText(
        "This Discord server demands two-factor sign-in of the bot's owner.",
        "The owner of the bot's application must switch on two-factor sign-in.",
        needs_person=True,
    ),
    "guild_full": TroubleText(
        "The Discord server has no room for all of this (500 channels, 250 roles, 100 events).",
        "Remove channels or roles of ended cohorts in Discord; the plan shows the numbers. "
        "Channels and events that are hidden from the bot take up room too.",
        needs_person=True,
    ),
    "missing": TroubleText(
        "Something of this group was deleted in Discord.",
        "Press “Make it anew” to have it made again, or record the id of another one.",
        needs_person=True,
        remedy="make_anew",
    ),
    "unconfirmed": TroubleText(
        "Discord's lists no longer name something of this group, and it is not checked yet "
        "whether it was deleted.",
        "Nothing to do: so much is missing that checking takes several passes, one a minute.",
        passes=True,
    ),
    "renamed": TroubleText(
        "Something of this group was renamed in Discord; nothing else is touched by that.",
        "Rename it back in Discord, or leave it: everything goes on working.",
    ),
    "moved": TroubleText(
        "A channel of this group was moved in Discord; nothing else is touched by that.",
        "Move it back in Discord, or leave it: everything goes on working.",
    ),
    "members_incomplete": TroubleText(
        "Discord's list of members was not whole, so somebody may be missing in it.",
        "Nothing to do: it is read again within a minute, and nobody is removed by an absence.",
        passes=True,
    ),
    "bot_silent": TroubleText(
        "The bot is not heard: commands and buttons on Discord get no answer, and what happens "
        "there is noticed at the hourly look. Of meetings now it stays unknown who was there. "
        "Everything else goes on.",
        "Start it with `manage.py run_discord_bot`; its log says what keeps it from running.",
    ),
    "commands_refused": TroubleText(
        "Discord does not take the bot's commands (code 50001), so nobody can type them. Buttons "
        "and everything else work.",
        "Open the invitation link in docs/operations.md once more: it also asks for the scope "
        "“applications.commands”. The bot registers its commands within an hour of that.",
        needs_person=True,
    ),
    "quarantined": TroubleText(
        "Discord has flagged the bot as one that bothers people (code 20026).",
        "Open the Developer Portal: it says so there and how to settle it. Direct messages are "
        "shut meanwhile and go by e-mail.",
        needs_person=True,
    ),
    "banned": TroubleText(
        "Discord turned all our calls away for a while.",
        "Nothing to do now. If it comes again, tell whoever runs Lens.",
    ),
}
