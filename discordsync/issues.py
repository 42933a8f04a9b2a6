"""The issues that can occur with Discord: what each means and what to do about it."""

from cohorts.reconcile.values import IssueText

ISSUES: dict[str, IssueText] = {
    "discord_answer": IssueText(
        "Discord returned an unexpected response.",
        "No action needed yet: Lens tries again every minute. If this continues, check that "
        "nothing between this machine and Discord (a proxy, a network's sign-in page) responds "
        "instead.",
    ),
    "bad_token": IssueText(
        "Discord does not accept the bot's token.",
        "Copy the token from the Developer Portal (Bot, Reset Token) into DISCORD_BOT_TOKEN and "
        "restart.",
        needs_person=True,
    ),
    "wrong_guild": IssueText(
        "The bot cannot find the Discord server in DISCORD_GUILD_ID.",
        "Check the ID (right-click the server, Copy Server ID) and invite the bot to that server.",
        needs_person=True,
    ),
    "no_member_list": IssueText(
        "The bot is not allowed to see the members of the Discord server.",
        "In the Developer Portal, open Bot and turn on “Server Members Intent”. From 10,000 users "
        "on, Discord reviews this every year. No one loses access meanwhile.",
        needs_person=True,
    ),
    "missing_permissions": IssueText(
        "The bot lacks permissions in the Discord server, so nothing new is created.",
        "Give the bot's role the permissions that docs/operations.md lists. The connection check "
        "shows which ones are missing.",
        needs_person=True,
    ),
    "archive_open": IssueText(
        "This group has ended, but the bot may not deny everything in its channels: someone with "
        "another role may still start threads, write in them or add reactions.",
        "Give the bot's role these permissions in Discord. What a bot does not have, it cannot "
        "deny to others.",
        needs_person=True,
    ),
    "role_too_low": IssueText(
        "The group's role is above the bot's own role, so the bot cannot assign it.",
        "In Discord, Server Settings, Roles: drag the bot's role above the groups' roles.",
        needs_person=True,
    ),
    "forbidden": IssueText(
        "Discord does not allow the bot to do this (code 50013).",
        "Drag the bot's role above the groups' roles and give it the permissions that "
        "docs/operations.md lists.",
        needs_person=True,
    ),
    "no_access": IssueText(
        "The bot cannot see this channel (code 50001).",
        "Give the bot itself “View Channel” in the channel's permissions.",
        needs_person=True,
    ),
    "two_factor": IssueText(
        "This Discord server requires the bot's owner to use two-factor authentication.",
        "The owner of the bot's application must turn on two-factor authentication.",
        needs_person=True,
    ),
    "guild_full": IssueText(
        "The Discord server has no room for all of this (500 channels, 250 roles, 100 events).",
        "Remove what ended cohorts have left: Discord objects, “Remove what has ended”. The "
        "preview shows the numbers. Channels and events that are hidden from the bot count too.",
        needs_person=True,
    ),
    "removal_void": IssueText(
        "Someone has written in this channel since its removal was approved.",
        "Read the channel, then approve its removal again or keep it.",
        needs_person=True,
    ),
    "category_in_use": IssueText(
        "The category still has channels that are kept or are not ours.",
        "Move these channels in Discord, then approve the removal again, or keep the category.",
        needs_person=True,
    ),
    "missing": IssueText(
        "A channel, role or event of this group was deleted in Discord.",
        "Press “Recreate” to create it again. “Changed outside” also offers to forget it, or to "
        "use another one by its ID.",
        needs_person=True,
        remedy="recreate",
    ),
    "unconfirmed": IssueText(
        "A channel, role or event of this group is missing from Discord's lists. Lens has not yet "
        "checked whether it was deleted.",
        "No action needed. So many are missing that the check takes several minutes.",
        passes=True,
    ),
    "renamed": IssueText(
        "A channel or role of this group was renamed in Discord. Nothing else changes.",
        "Open “Changed outside” to keep the name or to apply ours. Everything continues to work.",
        is_harmless=True,
    ),
    "channel_moved": IssueText(
        "A channel of this group was moved in Discord. Nothing else changes.",
        "Open “Changed outside” to keep it there or to move it back. Everything continues to work.",
        is_harmless=True,
    ),
    "members_incomplete": IssueText(
        "Discord's list of members was incomplete, so someone may be missing from it.",
        "No action needed. It is read again within a minute, and no one loses access because they "
        "are missing from it.",
        passes=True,
    ),
    "events_unread": IssueText(
        "Discord's list of events could not be read, so no event is created or changed.",
        "No action needed. It is read again within a minute. Everything else continues.",
        passes=True,
    ),
    "bot_silent": IssueText(
        "The bot is not running. Commands and buttons on Discord get no response, changes made in "
        "Discord are noticed only once an hour, and voice attendance is not recorded. Everything "
        "else continues.",
        "Start it with `manage.py run_discord_bot`. If it does not start, its log says why.",
    ),
    "commands_refused": IssueText(
        "Discord does not accept the bot's commands (code 50001), so no one can use them. Buttons "
        "and everything else work.",
        "Open the invitation link in docs/operations.md again: it also asks for the scope "
        "“applications.commands”. The bot registers its commands within an hour.",
        needs_person=True,
    ),
    "quarantined": IssueText(
        "Discord has flagged the bot for spam (code 20026).",
        "Open the Developer Portal, which says how to resolve this. Until then, direct messages "
        "are paused and go by e-mail.",
        needs_person=True,
    ),
    "banned": IssueText(
        "Discord refused all requests from Lens for a while.",
        "No action needed now. If this happens again, tell the operator.",
    ),
}
