"""How permissions add up, case by case and against discord.py's own reckoning."""

import random
from typing import Any

import discord
import pytest

from discordsync.sandbox.permissions import ALL, Bit, effective, names, sees, who_may_what
from tests.discordsync.sandbox.server import ADA, BEN, GUILD, PEOPLE, Server

VIEW, SEND, CONNECT = Bit.VIEW_CHANNEL, Bit.SEND_MESSAGES, Bit.CONNECT
RED, BLUE = "11", "12"
Overwrites = dict[str, tuple[int, int]]


def state(
    *overwrites_of_channels: Overwrites,
    everyone: int = 0,
    red: int = 0,
    blue: int = 0,
    kind: int = 0,
) -> dict[str, Any]:
    """A guild where Ada has the roles red and blue and Ben has none; channels are c0, c1, …"""
    return {
        "guild": {"id": GUILD, "owner_id": "owner"},
        "members": {ADA: {"roles": [RED, BLUE]}, BEN: {"roles": []}, "owner": {"roles": []}},
        "roles": {
            GUILD: {"permissions": int(everyone), "position": 0},
            RED: {"permissions": int(red), "position": 1},
            BLUE: {"permissions": int(blue), "position": 2},
        },
        "channels": {
            f"c{number}": {
                "type": kind,
                "parent_id": None,
                "overwrites": {
                    target: {"type": 0, "allow": int(allow), "deny": int(deny)}
                    for target, (allow, deny) in overwrites.items()
                },
            }
            for number, overwrites in enumerate(overwrites_of_channels)
        },
    }


@pytest.mark.parametrize(
    ("overwrites", "ada", "ben"),
    [
        ({}, True, True),
        ({GUILD: (0, VIEW)}, False, False),
        ({GUILD: (0, VIEW), RED: (VIEW, 0)}, True, False),
        ({GUILD: (VIEW, VIEW)}, True, True),
        ({RED: (0, VIEW), BLUE: (VIEW, 0)}, True, True),
        ({RED: (0, VIEW)}, False, True),
        ({RED: (VIEW, 0), ADA: (0, VIEW)}, False, True),
        ({GUILD: (0, VIEW), RED: (0, VIEW), ADA: (VIEW, 0)}, True, False),
        ({"99": (0, VIEW)}, True, True),
    ],
)
def test_everyone_then_all_roles_together_then_the_member(
    overwrites: Overwrites, ada: bool, ben: bool
) -> None:
    guild = state(overwrites, everyone=VIEW)
    assert (sees(guild, ADA, "c0"), sees(guild, BEN, "c0")) == (ada, ben)


def test_roles_add_up_in_the_guild() -> None:
    guild = state({}, everyone=VIEW, red=SEND, blue=CONNECT)
    assert effective(guild, ADA, "c0") == VIEW | SEND | CONNECT
    assert effective(guild, BEN, "c0") == VIEW


def test_the_owner_and_administrators_may_everything_everywhere() -> None:
    guild = state({ADA: (0, ALL), GUILD: (0, ALL)}, red=Bit.ADMINISTRATOR)
    assert effective(guild, ADA, "c0") == ALL
    assert effective(guild, "owner", "c0") == ALL
    assert effective(guild, BEN, "c0") == 0


def test_administrator_in_an_overwrite_makes_no_administrator() -> None:
    guild = state({ADA: (Bit.ADMINISTRATOR, 0)}, everyone=VIEW)
    assert not effective(guild, ADA, "c0") & Bit.MANAGE_CHANNELS


def test_who_does_not_see_a_channel_may_nothing_there() -> None:
    assert effective(state({GUILD: (0, VIEW)}, everyone=VIEW | SEND), BEN, "c0") == 0


def test_who_may_not_send_may_not_mention_or_attach() -> None:
    needing = Bit.MENTION_EVERYONE | Bit.ATTACH_FILES | Bit.EMBED_LINKS | Bit.SEND_TTS_MESSAGES
    guild = state({GUILD: (0, SEND)}, {}, everyone=VIEW | SEND | needing)
    assert effective(guild, BEN, "c0") == VIEW
    assert effective(guild, BEN, "c1") == VIEW | SEND | needing


def test_who_may_not_connect_may_neither_speak_nor_manage_the_voice_channel() -> None:
    managing = Bit.SPEAK | Bit.MANAGE_CHANNELS | Bit.MANAGE_ROLES | Bit.CREATE_EVENTS
    bits = VIEW | SEND | CONNECT | managing
    assert effective(state({GUILD: (0, CONNECT)}, everyone=bits, kind=2), BEN, "c0") == VIEW | SEND
    text = effective(state({GUILD: (0, CONNECT)}, everyone=bits), BEN, "c0")
    assert text == bits & ~CONNECT


def test_a_category_passes_nothing_on_to_its_channels() -> None:
    guild = state({GUILD: (0, VIEW)}, {}, everyone=VIEW)
    guild["channels"]["c0"]["type"] = 4
    guild["channels"]["c1"]["parent_id"] = "c0"
    assert sees(guild, BEN, "c1")


def test_a_category_is_visible_as_soon_as_one_of_its_channels_is() -> None:
    guild = state({GUILD: (0, VIEW)}, {ADA: (VIEW, 0), GUILD: (0, VIEW)}, everyone=VIEW)
    guild["channels"]["c0"]["type"] = 4
    guild["channels"]["c1"]["parent_id"] = "c0"
    assert (sees(guild, ADA, "c0"), sees(guild, BEN, "c0")) == (True, False)
    assert effective(guild, ADA, "c0") == 0


def test_an_account_outside_the_guild_may_nothing() -> None:
    assert effective(state({"stranger": (ALL, 0)}, everyone=VIEW), "stranger", "c0") == 0


def test_an_unknown_channel_is_an_error() -> None:
    with pytest.raises(KeyError):
        effective(state(), ADA, "c9")


def test_the_table_shows_for_every_person_and_channel_what_they_may() -> None:
    guild = state({GUILD: (0, VIEW), RED: (VIEW | SEND, 0)}, {}, everyone=VIEW)
    assert who_may_what(guild)[ADA] == {
        "c0": ["VIEW_CHANNEL", "SEND_MESSAGES"],
        "c1": ["VIEW_CHANNEL"],
    }
    assert who_may_what(guild)[BEN] == {"c0": [], "c1": ["VIEW_CHANNEL"]}


def test_bits_are_named_lowest_first_and_unknown_ones_left_out() -> None:
    assert names(SEND | VIEW | 1 << 60) == ["VIEW_CHANNEL", "SEND_MESSAGES"]


def test_the_bits_carry_the_numbers_that_discord_py_gives_them() -> None:
    theirs = discord.Permissions
    renamed = {
        "VIEW_GUILD_INSIGHTS": "view_guild_insights",
        "SEND_TTS_MESSAGES": "send_tts_messages",
        "USE_VAD": "use_voice_activation",
        "MANAGE_GUILD_EXPRESSIONS": "manage_expressions",
        "CREATE_GUILD_EXPRESSIONS": "create_expressions",
        "USE_EXTERNAL_EMOJIS": "external_emojis",
        "USE_EXTERNAL_STICKERS": "external_stickers",
    }
    for name in names(ALL):
        flag = renamed.get(name, name.lower())
        assert theirs(**{flag: True}).value == Bit[name], name


@pytest.mark.parametrize("seed", range(5))
def test_discord_py_reckons_the_same_for_every_person_and_channel(guild: Server, seed: int) -> None:
    """An implementation that is not ours, fed over HTTP with a guild thrown together by dice."""
    channels = throw_together(guild, random.Random(seed))

    async def reckon(client: discord.Client, fetched: discord.Guild) -> dict[str, dict[str, int]]:
        members = [member async for member in fetched.fetch_members(limit=None)]
        found = {str(channel.id): channel for channel in await fetched.fetch_channels()}
        return {
            str(member.id): {
                channel: found[channel].permissions_for(member).value for channel in channels
            }
            for member in members
        }

    guild.set(bot_permissions=int(Bit.ADMINISTRATOR))  # else hidden channels are not listed
    held = guild.state
    for member, theirs in guild.as_client(reckon).items():
        for channel, bits in theirs.items():
            compared = COMPARED[held["channels"][channel]["type"]]
            mine = effective(held, member, channel)
            assert names(mine & compared) == names(bits & compared), (member, channel)


# By type of channel. Left out are bits of the guild as a whole, which discord.py keeps in channels
# that are hidden, and in text channels the bits for voice, which it drops.
IN_VOICE = (
    discord.Permissions.text().value
    | discord.Permissions.voice().value
    | int(VIEW | Bit.MANAGE_CHANNELS | Bit.MANAGE_ROLES)
)
COMPARED = {0: IN_VOICE & ~discord.Permissions.voice().value, 2: IN_VOICE}


def throw_together(guild: Server, dice: random.Random) -> list[str]:
    """Random roles, members' roles and overwrites; the channels' ids."""
    roles = [
        guild.make("role", name=f"r{n}", permissions=some_bits(dice) & ~Bit.ADMINISTRATOR)
        for n in range(4)
    ]
    for person in PEOPLE:
        for role in dice.sample(roles, dice.randint(0, 3)):
            guild.control("grant", {"member": person["id"], "role": role})
    guild.set(everyone_permissions=some_bits(dice) & ~Bit.ADMINISTRATOR)
    targets = [(GUILD, 0), *((role, 0) for role in roles), *((p["id"], 1) for p in PEOPLE)]
    return [
        guild.make(
            "channel",
            name=f"c{number}",
            type=dice.choice([0, 2]),
            permission_overwrites=[
                {"id": target, "type": kind, "allow": some_bits(dice), "deny": some_bits(dice)}
                for target, kind in dice.sample(targets, dice.randint(0, len(targets)))
            ],
        )
        for number in range(12)
    ]


def some_bits(dice: random.Random) -> int:
    return dice.getrandbits(53) & dice.getrandbits(53) & ALL
