"""Direct messages: to whom they go, and how many may be opened."""

import discord

from tests.discordsync.sandbox.server import ADA, BEN, CLEO, PEOPLE, Reply, Server


def open_dm(guild: Server, person: str) -> Reply:
    return guild.call("POST", "/users/@me/channels", {"recipient_id": person})


def send(guild: Server, dm: str, **body: object) -> Reply:
    return guild.call("POST", f"/channels/{dm}/messages", {"content": "Hello", **body})


def test_discord_py_writes_to_a_member(guild: Server) -> None:
    async def act(client: discord.Client, fetched: discord.Guild) -> list[str]:
        ada = await fetched.fetch_member(int(ADA))
        dm = await ada.create_dm()
        await ada.send("Welcome")
        return [message.content async for message in dm.history()]

    assert guild.as_client(act) == ["Welcome"]
    shown = guild.on_server(guild.sandbox.view)["direct_messages"]
    assert [(m["where"], m["text"], m["pinged"]) for m in shown] == [("ada", "Welcome", ["ada"])]


def test_the_channel_to_a_person_is_opened_once(guild: Server) -> None:
    first = open_dm(guild, ADA).body
    assert open_dm(guild, ADA).body == first
    assert guild.call("GET", f"/channels/{first['id']}").body == first


def test_someone_with_closed_messages_cannot_be_written_to(guild: Server) -> None:
    guild.control("members", [{**PEOPLE[0], "dm_closed": True}, *PEOPLE[1:]])
    dm = open_dm(guild, ADA)
    assert dm.status == 200
    assert send(guild, dm.body["id"]).error == (403, 50007)


def test_someone_who_left_cannot_be_written_to_any_more(guild: Server) -> None:
    dm = open_dm(guild, ADA).body["id"]
    assert send(guild, dm).status == 200
    guild.control("leave", {"id": ADA})
    assert send(guild, dm).error == (403, 50007)


def test_bots_get_no_direct_messages(guild: Server) -> None:
    guild.control("join", {"id": "200000000000000009", "username": "robot", "bot": True})
    dm = open_dm(guild, "200000000000000009").body["id"]
    assert send(guild, dm).error == (403, 50007)
    assert open_dm(guild, guild.bot).error == (400, 50033)


def test_an_unknown_account_is_no_recipient(guild: Server) -> None:
    assert open_dm(guild, "200000000000000099").error == (400, 50033)


def test_opening_too_many_in_too_short_a_time_is_refused(guild: Server) -> None:
    guild.set(dm_limit={"channels": 2, "minutes": 10})
    dms = [open_dm(guild, person) for person in (ADA, BEN, CLEO)]
    assert [reply.status for reply in dms] == [200, 200, 403]
    assert dms[2].error == (403, 40003)
    assert open_dm(guild, ADA).status == 200  # that one is open already
    guild.pass_time(minutes=11)
    assert open_dm(guild, CLEO).status == 200


def test_without_a_limit_all_can_be_opened(guild: Server) -> None:
    guild.set(dm_limit=None)
    people = [{"id": str(4 * 10**17 + n), "username": f"p{n}"} for n in range(30)]
    guild.control("members", people)
    assert {open_dm(guild, person["id"]).status for person in people} == {200}


def test_a_nonce_holds_in_direct_messages_too(guild: Server) -> None:
    dm = open_dm(guild, ADA).body["id"]
    sent = [send(guild, dm, nonce="1", enforce_nonce=True).body["id"] for _ in range(2)]
    assert sent[0] == sent[1]


def test_group_direct_messages_are_reported_as_missing(guild: Server) -> None:
    assert guild.call("POST", "/users/@me/channels", {"access_tokens": ["x"]}).status == 501
