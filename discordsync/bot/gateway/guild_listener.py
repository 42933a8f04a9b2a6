"""Map events of the guild to the functions that handle them.

To handle another event, add a method here or in a mixin beside this one.  It passes plain values to
one function in a thread; `gateway_client.py` lists the mixins.
"""

import asyncio
from collections.abc import Callable
from typing import ParamSpec

import discord
from django.conf import settings

from cohorts import outages
from discordsync.bot.gateway import guild_changes
from discordsync.bot.gateway.threads import in_thread

P = ParamSpec("P")
CATCH_UP_SECONDS = 300.0  # at least, between catch-ups that an error in our code causes


def is_ours(guild: discord.Guild | None) -> bool:
    return guild is not None and guild.id == settings.DISCORD_GUILD_ID


class MissedEvents:
    """Decides when the bot catches up on events that it could not handle, as while the database is
    down: Discord does not send them again.

    With its next heartbeat; but an error in our code may recur with each event, and a catch-up
    compares all groups.
    """

    def __init__(self) -> None:
        self.waiting = False
        self.due_at = float("-inf")

    def add(self, error: Exception) -> None:
        self.waiting = True
        if outages.is_lost_connection(error):
            self.due_at = float("-inf")

    def is_due(self, now: float) -> bool:
        return self.waiting and now >= self.due_at

    def begin(self, now: float) -> None:
        """Forget the events that the catch-up that begins now compensates for."""
        if self.waiting:
            self.waiting, self.due_at = False, now + CATCH_UP_SECONDS


class GuildListener:
    """Handles members who join and leave, and changes of roles and channels.

    `recording_members`: who is in the server is stored in the order of the events and of the lists
    of all members, or an older one could be stored last.
    """

    missed: MissedEvents
    recording_members: asyncio.Lock

    async def _pass_on(self, handle: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            await in_thread(handle, *args, **kwargs)
        except Exception as error:
            self.missed.add(error)
            outages.report_failure(error, "An event of the Discord server could not be handled")

    async def on_member_join(self, member: discord.Member) -> None:
        if is_ours(member.guild):
            joined_at = member.joined_at or discord.utils.utcnow()
            async with self.recording_members:
                await self._pass_on(guild_changes.record_join, member.id, joined_at)

    async def on_raw_member_remove(self, payload: discord.RawMemberRemoveEvent) -> None:
        if payload.guild_id == settings.DISCORD_GUILD_ID:
            async with self.recording_members:
                await self._pass_on(guild_changes.record_leave, payload.user.id)

    async def on_member_update(self, before: discord.Member, after: discord.Member) -> None:
        if not is_ours(after.guild):
            return
        had, has = {role.id for role in before.roles}, {role.id for role in after.roles}
        if had != has:
            await self._pass_on(
                guild_changes.handle_role_change, after.id, given=has - had, taken=had - has
            )
        if before.pending and not after.pending:
            await self._pass_on(guild_changes.handle_person_change, after.id)

    async def on_guild_role_delete(self, role: discord.Role) -> None:
        if is_ours(role.guild):
            await self._pass_on(guild_changes.handle_object_change, role.id)

    async def on_guild_role_update(self, before: discord.Role, after: discord.Role) -> None:
        """Handle a changed role.  Of positions, which change with every new role, only the bot's
        counts: it decides which roles the bot can manage."""
        changes = changes_of_role(before, after)
        if is_ours(after.guild) and changes:
            await self._pass_on(guild_changes.handle_object_change, after.id, changes)
        is_changed = before.position != after.position or before.permissions != after.permissions
        if is_ours(after.guild) and is_changed and after in after.guild.me.roles:
            await self._pass_on(guild_changes.handle_bots_role_change)

    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        if is_ours(channel.guild):
            await self._pass_on(guild_changes.handle_object_change, channel.id)

    async def on_guild_channel_update(
        self, before: discord.abc.GuildChannel, after: discord.abc.GuildChannel
    ) -> None:
        changes = changes_of_channel(before, after)
        if is_ours(after.guild) and changes:
            await self._pass_on(guild_changes.handle_object_change, after.id, changes)


# -- what was changed, in the format of discordsync.plan.calls.describe_changes -----------------


def changes_of_role(before: discord.Role, after: discord.Role) -> dict[str, str]:
    changes = {}
    if before.name != after.name:
        changes[f"name {after.id}"] = after.name
    if before.permissions != after.permissions:
        changes[f"permissions {after.id}"] = str(after.permissions.value)
    return changes


def changes_of_channel(
    before: discord.abc.GuildChannel, after: discord.abc.GuildChannel
) -> dict[str, str]:
    changes = {}
    if before.name != after.name:
        changes[f"name {after.id}"] = after.name
    if before.category_id != after.category_id:
        changes[f"parent {after.id}"] = str(after.category_id or "")
    was, now = _overwrites_of(before), _overwrites_of(after)
    for target in was.keys() | now.keys():
        if was.get(target) != now.get(target):
            changes[f"overwrite {after.id} {target}"] = now.get(target, "")
    return changes


def _overwrites_of(channel: discord.abc.GuildChannel) -> dict[int, str]:
    pairs = {target.id: held.pair() for target, held in channel.overwrites.items()}
    return {pk: f"{allow.value} {deny.value}" for pk, (allow, deny) in pairs.items()}
