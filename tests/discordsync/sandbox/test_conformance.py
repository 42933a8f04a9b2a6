"""A whole realize by a least-privileged bot, held against Discord's own document on both sides."""

from datetime import timedelta

import discord
import pytest

from tests.discordsync.sandbox.server import ADA, BEN, Server
from tests.support.conformance import Conformance


@pytest.mark.conformance
def test_what_discord_py_sends_and_gets_is_what_discord_specifies(
    guild: Server, conformance: Conformance
) -> None:
    # Two of discord.py's calls are left out, since they send a field that the document does not
    # have: set_permissions repeats the id in the body, and Message.edit always sends `tts`.
    async def realize(client: discord.Client, fetched: discord.Guild) -> None:
        await client.application_info()
        bot = await fetched.fetch_member(int(guild.bot))
        hidden = discord.PermissionOverwrite(view_channel=False)
        shown = discord.PermissionOverwrite(view_channel=True, connect=True)
        everyone = fetched.default_role
        role = await fetched.create_role(name="Group 1", reason="the mark")
        category = await fetched.create_category(
            "Course - Cohort", overwrites={everyone: hidden, bot: shown}
        )
        seen = {everyone: hidden, bot: shown, role: shown}
        text = await fetched.create_text_channel(
            "group-1", category=category, overwrites=seen, topic="Group 1"
        )
        voice = await fetched.create_voice_channel("Group 1", category=category, overwrites=seen)
        ada = await fetched.fetch_member(int(ADA))
        await ada.add_roles(role, reason="joins Group 1")
        facilitator = {bot: shown, ada: discord.PermissionOverwrite(mute_members=True)}
        await voice.edit(overwrites={**seen, **facilitator})
        start = guild.clock.now() + timedelta(days=1)
        event = await fetched.create_scheduled_event(
            name="Group 1 - Week 1",
            channel=voice,
            start_time=start,
            end_time=start + timedelta(hours=1),
            privacy_level=discord.PrivacyLevel.guild_only,
            entity_type=discord.EntityType.voice,
        )
        await event.edit(description="moved", start_time=start + timedelta(minutes=5))
        message = await text.send(f"Welcome <@{ADA}>", nonce="welcome-1")
        await (await fetched.fetch_member(int(BEN))).send("Hello")
        await role.edit(name="Group One")
        await text.edit(topic="Group One")
        await fetched.fetch_channels()
        await fetched.fetch_roles()
        await fetched.fetch_scheduled_events(with_counts=True)
        [member async for member in fetched.fetch_members(limit=None)]
        [found async for found in text.history(limit=10)]
        await ada.remove_roles(role)
        await event.delete()
        for thing in (message, text, voice, category, role):
            await thing.delete()

    guild.as_client(realize)
    assert {exchange["status"] for exchange in guild.exchanges} == {200, 201, 204}
    conformance.check("discord", guild.exchanges)
