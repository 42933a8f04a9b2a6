"""A real discord.py client lives on the gateway: it receives events, answers, and reconnects."""

import asyncio
from typing import Any

import discord
import pytest
from discord import app_commands

from discordsync.sandbox.interactions.record import KINDS
from tests.discordsync.sandbox.gateway.listener import Listener, run
from tests.discordsync.sandbox.gateway.wire import Gateway
from tests.discordsync.sandbox.interactions.playing import People
from tests.discordsync.sandbox.server import ADA, BEN, GUILD, Server
from tests.support.conformance import Conformance


def sessions(guild: Server) -> list[dict[str, Any]]:
    shown = guild.on_server(guild.sandbox.hub.describe)
    held: list[dict[str, Any]] = shown["sessions"]
    return held


def test_it_knows_the_guild_and_receives_changes(gateway: Gateway) -> None:
    guild = gateway.server
    guild.make("channel", name="general")
    voice = guild.make("channel", name="Voice", type=2)

    async def listen(client: Listener) -> None:
        assert {member.name for member in client.guild.members} == {
            "Lens",
            "owner",
            "ada",
            "ben",
            "cleo",
        }
        role = guild.make("role", name="Group 1")
        guild.control("grant", {"member": ADA, "role": role})
        guild.control("voice", {"user": BEN, "channel_id": voice})
        guild.control("leave", {"id": ADA})
        guild.make("channel", name="group-1")
        await client.until_noticed("guild_channel_create")
        assert client.guild.get_member(int(ADA)) is None
        ben = client.guild.get_member(int(BEN))
        assert ben is not None
        assert ben.voice is not None
        assert str(ben.voice.channel) == "Voice"
        for event in ("guild_role_create", "member_update", "voice_state_update", "member_remove"):
            assert event in client.noticed

    run(gateway, listen)


def test_a_broken_connection_is_resumed_with_what_was_missed(gateway: Gateway) -> None:
    guild = gateway.server

    async def lose(client: Listener) -> list[str]:
        session = sessions(guild)[0]["id"]
        guild.control("gateway", {"do": "drop"})
        guild.control("join", {"id": "200000000000000004", "username": "dora"})
        await client.until_noticed("resumed")
        assert [s["id"] for s in sessions(guild)] == [session]
        return client.noticed

    noticed = run(gateway, lose)
    assert noticed.index("member_join") < noticed.index("resumed")
    assert noticed.count("ready") == 1


@pytest.mark.parametrize("wish", [{"do": "reconnect"}, {"do": "invalidate", "resumable": True}])
def test_it_resumes_when_it_is_asked_to(gateway: Gateway, wish: dict[str, Any]) -> None:
    async def wait(client: Listener) -> int:
        gateway.server.control("gateway", wish)
        await client.until_noticed("resumed")
        return client.noticed.count("ready")

    assert run(gateway, wait) == 1


@pytest.mark.parametrize("do", ["invalidate", "forget"])
def test_it_begins_a_new_session_when_the_old_one_is_gone(gateway: Gateway, do: str) -> None:
    guild = gateway.server

    async def wait(client: Listener) -> bool:
        before = sessions(guild)[0]["id"]
        guild.control("gateway", {"do": do})
        if do == "forget":
            guild.control("gateway", {"do": "drop"})
        await client.until_noticed("ready", times=2)
        return before not in [s["id"] for s in sessions(guild)]

    assert run(gateway, wait)


def test_a_heartbeat_without_answer_makes_it_resume(gateway: Gateway) -> None:
    gateway.server.set(heartbeat_seconds=0.5)

    async def wait(client: Listener) -> int:
        gateway.server.control("gateway", {"do": "silence"})
        await client.until_noticed("resumed")
        return client.noticed.count("ready")

    assert run(gateway, wait, make=lambda: Listener(heartbeat_timeout=1.5)) == 1


def test_a_privileged_intent_that_is_off_is_reported(gateway: Gateway) -> None:
    gateway.server.set(members_intent=False)

    async def wait(_: Listener) -> None:
        raise AssertionError("it became ready")

    with pytest.raises(discord.PrivilegedIntentsRequired):
        run(gateway, wait)


class Question(discord.ui.View):
    def __init__(self) -> None:
        super().__init__(timeout=None)

    @discord.ui.button(label="Yes", custom_id="yes", style=discord.ButtonStyle.primary)
    async def yes(self, interaction: discord.Interaction, _: Any) -> None:
        await interaction.response.edit_message(content="Noted", view=None)
        await interaction.followup.send("Only for you", ephemeral=True)


class Away(discord.ui.Modal, title="Away"):
    why: discord.ui.TextInput[Any] = discord.ui.TextInput(label="Why?", custom_id="why")

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"Away: {self.why.value}", ephemeral=True)


class Bot(Listener):
    """/ask defers and asks; /away shows a form; /week completes what is typed."""

    async def setup_hook(self) -> None:
        here = discord.Object(int(GUILD))
        for command in (self.ask(), self.away(), self.week()):
            self.tree.add_command(command, guild=here)
        await self.tree.sync(guild=here)

    def ask(self) -> Any:
        @app_commands.command(description="Ask me")
        async def ask(interaction: discord.Interaction) -> None:
            await interaction.response.defer(ephemeral=True, thinking=True)
            await interaction.edit_original_response(content="Will you come?", view=Question())

        return ask

    def away(self) -> Any:
        @app_commands.command(description="Be away")
        async def away(interaction: discord.Interaction) -> None:
            await interaction.response.send_modal(Away())

        return away

    def week(self) -> Any:
        @app_commands.command(description="Show a week")
        @app_commands.default_permissions(administrator=True)
        async def week(interaction: discord.Interaction, name: str) -> None:
            await interaction.response.send_message(f"{name} for {interaction.user.name}")

        @week.autocomplete("name")
        async def complete(_: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
            return [app_commands.Choice(name=f"Week {typed}", value=typed)]

        return week


async def settled(client: Listener, people: People, interaction: str) -> dict[str, Any]:
    """What the person sees in the end."""
    await client.until(lambda: people.sees(interaction)["state"] == "answered")
    return people.sees(interaction)


@pytest.mark.conformance
def test_commands_buttons_forms_and_completion_go_through_discord_py(
    gateway: Gateway, conformance: Conformance
) -> None:
    guild, people = gateway.server, People(gateway.server)
    guild.make("channel", name="general")
    guild.set(interaction_seconds=60)
    role = guild.make("role", name="Staff", permissions="8")
    guild.control("grant", {"member": BEN, "role": role})

    async def use(client: Listener) -> None:
        asked = await settled(client, people, people.run("ask"))
        (question,) = asked["messages"]
        assert (question["content"], question["ephemeral"]) == ("Will you come?", True)
        pressed = people.press(question["id"])
        await client.until(lambda: people.texts(pressed) == ["Noted", "Only for you"])
        shown = people.run("away")
        form = (await settled(client, people, shown))["modal"]
        assert form["title"] == "Away"
        filled = people.play(user=ADA, submit=shown, values={"why": "Ill"})
        assert (await settled(client, people, filled))["messages"][0]["content"] == "Away: Ill"
        typed = people.play(user=BEN, command="week", focus="name", options={"name": "2"})
        choices = (await settled(client, people, typed))["choices"]
        assert choices == [{"name": "Week 2", "value": "2"}]
        chosen = await settled(client, people, people.run("week", user=BEN, name="2"))
        assert [message["content"] for message in chosen["messages"]] == ["2 for ben"]
        with pytest.raises(ValueError, match="not available"):
            people.run("week", name="2")

    run(gateway, use, make=Bot)
    kinds = {
        one["kind"] for one in guild.on_server(guild.sandbox.shows["interactions"])["interactions"]
    }
    assert kinds == set(KINDS.values())
    # discord.py's edits always send `tts`, which the document does not have there.
    conformance.check("discord", [each for each in guild.exchanges if each["method"] != "PATCH"])


def test_an_interaction_is_received_after_a_resume(gateway: Gateway) -> None:
    guild, people = gateway.server, People(gateway.server)
    guild.make("channel", name="general")
    guild.set(interaction_seconds=60)

    async def lose(client: Listener) -> str:
        guild.control("gateway", {"do": "drop"})
        return str((await settled(client, people, people.run("ask")))["state"])

    assert run(gateway, lose, make=Bot) == "answered"


def test_two_clients_of_one_bot_both_receive_and_one_answers(gateway: Gateway) -> None:
    guild, people = gateway.server, People(gateway.server)
    guild.make("channel", name="general")
    guild.set(interaction_seconds=60)
    refusals: list[int] = []

    class Twin(Bot):
        def ask(self) -> Any:
            @app_commands.command(description="Ask me")
            async def ask(interaction: discord.Interaction) -> None:
                try:
                    await interaction.response.send_message("Here")
                except discord.HTTPException as refused:
                    refusals.append(refused.code)

            return ask

    async def beside(first: Listener) -> list[str]:
        async with Twin() as second:
            connecting = asyncio.ensure_future(second.start("sandbox-test"))
            await second.until_noticed("ready")
            interaction = people.run("ask")
            await first.until(lambda: refusals)
            await second.close()
            await connecting
            return people.texts(interaction)

    assert run(gateway, beside, make=Twin) == ["Here"]
    assert refusals == [40060]
