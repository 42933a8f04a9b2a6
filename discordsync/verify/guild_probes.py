"""Experiments with scratch roles and channels: what Discord makes of them, and what it shows."""

from collections.abc import Mapping
from typing import Any

from cohorts.reconcile.errors import Conflict, Refused
from cohorts.reconcile.verify.bench import Bench
from cohorts.reconcile.verify.experiments import (
    Answers,
    Experiment,
    Judgement,
    NotTried,
    confirm_if,
    probe,
)
from discordsync.state.permissions import ADMINISTRATOR, CONNECT, SEND_MESSAGES, VIEW_CHANNEL
from discordsync.verify import scratch_guild as scratch
from discordsync.verify.scratch_guild import CATEGORY, TEXT, TO_MEMBER, TO_ROLE

NO_ONE = 1  # a snowflake that belongs to no one
HOUR = 3600.0  # seconds


def try_roles(bench: Bench) -> Answers:
    """Create a role without permissions, with the roles before and after it."""
    roles = f"{bench.client.path}/roles"
    before = scratch.send(bench, "GET", roles)
    made = scratch.make_role(bench)
    headers = bench.client.headers["POST", roles]
    return {
        "before": {role["id"]: role for role in before},
        "after": {role["id"]: role for role in scratch.send(bench, "GET", roles)},
        "made": made,
        "everyone": str(bench.client.client.guild_id),
        "limit": headers.get("X-RateLimit-Limit", ""),
        "reset": float(headers.get("X-RateLimit-Reset-After", 0)),
        "counts": scratch.attempt(bench, "GET", f"{roles}/member-counts"),
    }


def try_channels(bench: Bench) -> Answers:
    """Create a channel in a category without overwrites of its own; change the category's, then an
    overwrite and the topic of the channel."""
    category = scratch.make_channel(bench, CATEGORY)
    name = f"{bench.mark.title()} (Text)!"
    fields: dict[str, Any] = {"parent_id": category["id"], "permission_overwrites": []}
    made = scratch.make_channel(bench, TEXT, name=name, **fields)
    everyone = bench.client.client.guild_id
    closed = scratch.overwrite(everyone, TO_ROLE, deny=VIEW_CHANNEL | SEND_MESSAGES)
    _set_overwrite(bench, category["id"], closed)
    followed = scratch.send(bench, "GET", f"/channels/{made['id']}")
    unknown = scratch.overwrite(NO_ONE, TO_MEMBER, deny=SEND_MESSAGES)
    refusal = _set_overwrite(bench, made["id"], unknown)
    foreign = scratch.overwrite(everyone, TO_ROLE, deny=VIEW_CHANNEL | CONNECT)
    _set_overwrite(bench, made["id"], foreign)
    edited = scratch.send(bench, "PATCH", f"/channels/{made['id']}", {"topic": bench.mark})
    return {
        "sent_name": name,
        "made": made,
        "category": category,
        "closed": closed,
        "followed": followed,
        "unknown": refusal,
        "foreign": foreign,
        "edited": edited,
    }


def try_hidden(bench: Bench) -> Answers:
    """Create a channel that the bot sees only by a role, take the role, and look for it."""
    bot = bench.client.client.bot_id
    roles = scratch.send(bench, "GET", f"{bench.client.path}/roles")
    member = scratch.send(bench, "GET", f"{bench.client.path}/members/{bot}")
    held = [role for role in roles if role["id"] in member["roles"]]
    if any(int(role["permissions"]) & ADMINISTRATOR for role in held):
        raise NotTried("The bot is an administrator, so no channel is hidden from it.")
    role = scratch.make_role(bench, permissions="0")
    own_role = bench.client.own_role(role["id"])
    scratch.send(bench, "PUT", own_role)
    channel = scratch.make_hidden_channel(bench, role["id"])
    scratch.send(bench, "DELETE", own_role)
    listed = scratch.send(bench, "GET", f"{bench.client.path}/channels")
    return {
        "is_listed": channel["id"] in [one["id"] for one in listed],
        "read": scratch.attempt(bench, "GET", f"/channels/{channel['id']}"),
    }


def try_another_guild(bench: Bench) -> Answers:
    """Read a guild that does not exist, and its channels."""
    return {
        "guild": scratch.attempt(bench, "GET", f"/guilds/{NO_ONE}"),
        "channels": scratch.attempt(bench, "GET", f"/guilds/{NO_ONE}/channels"),
    }


def try_commands(bench: Bench) -> Answers:
    """Read the bot's commands, which needs the same scope as registering them."""
    application = scratch.send(bench, "GET", "/applications/@me")["id"]
    path = f"/applications/{application}{bench.client.path}/commands"
    return {"commands": scratch.attempt(bench, "GET", path)}


def _set_overwrite(bench: Bench, channel_id: str, one: Mapping[str, Any]) -> Any:
    body = {name: one[name] for name in ("type", "allow", "deny")}
    return scratch.attempt(bench, "PUT", f"/channels/{channel_id}/permissions/{one['id']}", body)


# -- judging ---------------------------------------------------------------------------------


def _overwrites(channel: Mapping[str, Any]) -> set[tuple[int, ...]]:
    return {_values(one) for one in channel["permission_overwrites"]}


def _values(overwrite: Mapping[str, Any]) -> tuple[int, ...]:
    return tuple(int(overwrite[name]) for name in ("id", "type", "allow", "deny"))


@probe(
    "A-D09",
    "A new role gets the lowest position and raises all others by one.",
    "Lens compares positions only with those of the last listing.",
)
def lowest_position(answers: Answers) -> Judgement:
    before, after = answers["before"], answers["after"]
    raised = [
        after[pk]["position"] == role["position"] + 1
        for pk, role in before.items()
        if pk in after and pk != answers["everyone"]
    ]
    position = after[answers["made"]["id"]]["position"]
    return confirm_if(position == 1 and all(raised), f"position {position}")


@probe(
    "A-D10",
    "A role that is created without permissions gets those of @everyone.",
    "Lens always sends the permissions, so nothing changes.",
)
def role_permissions(answers: Answers) -> Judgement:
    everyone = answers["before"][answers["everyone"]]
    return confirm_if(answers["made"]["permissions"] == everyone["permissions"])


@probe(
    "A-D38",
    "The limit on new roles (250 in 48 hours) is announced.",
    "Lens learns of it when a role is refused; the groups then wait.",
)
def role_limit(answers: Answers) -> Judgement:
    """The limit of 48 hours is announced if the bucket resets after more than an hour."""
    limit, reset = answers["limit"], answers["reset"]
    said = f"{limit} calls, reset after {reset:.0f} seconds" if limit else "nothing"
    return confirm_if(limit and reset > HOUR, said)


@probe("-", "One call returns how many members each role has.", "Lens does not need the call.")
def member_counts(answers: Answers) -> Judgement:
    counts = answers["counts"]
    return confirm_if(isinstance(counts, dict) and answers["made"]["id"] in counts)


@probe(
    "A-D04",
    "An empty list of overwrites copies the category's.",
    "Lens always sends a channel's overwrites, so nothing changes.",
)
def empty_overwrites(answers: Answers) -> Judgement:
    return confirm_if(_overwrites(answers["made"]) == _overwrites(answers["category"]))


@probe(
    "A-D06",
    "A channel whose overwrites equal its category's follows it.",
    "The overwrites of Lens's channels never equal their category's.",
)
def synced_overwrites(answers: Answers) -> Judgement:
    return confirm_if(_values(answers["closed"]) in _overwrites(answers["followed"]))


@probe("A-D08", "An overwrite for an unknown id is 404.", "The group shows another issue.")
def unknown_target(answers: Answers) -> Judgement:
    return confirm_if(isinstance(answers["unknown"], Conflict))


@probe(
    "-",
    "Bits of an overwrite survive, also those of voice in a text channel.",
    "Lens would write these overwrites again in every run, which the group shows.",
)
def foreign_bits(answers: Answers) -> Judgement:
    return confirm_if(_values(answers["foreign"]) in _overwrites(answers["edited"]))


@probe(
    "-",
    "Discord changes the names of text channels.",
    "Lens compares with the name that Discord answered, so both are fine.",
)
def text_names(answers: Answers) -> Judgement:
    sent, stored = answers["sent_name"], answers["made"]["name"]
    return confirm_if(stored != sent, "changed" if stored != sent else "as sent")


@probe(
    "A-D01",
    "A channel that the bot cannot view is not listed, and 403 by its id.",
    "Lens treats only 404 as deleted, so nothing is lost.",
)
def hidden_channel(answers: Answers) -> Judgement:
    read = answers["read"]
    is_refused = isinstance(read, Refused) and read.code == "no_access"
    return confirm_if(is_refused and not answers["is_listed"])


@probe(
    "A-D03",
    "Another guild is 404, and every path below it 403.",
    "A wrong DISCORD_GUILD_ID is reported with another sentence.",
)
def another_guild(answers: Answers) -> Judgement:
    codes = [getattr(answers[name], "code", "") for name in ("guild", "channels")]
    return confirm_if(codes == ["wrong_guild", "no_access"], ", ".join(codes))


@probe(
    "A-D32",
    "The bot may register commands, or the list of them is 403 (50001).",
    "The bot reports that its commands are refused.",
)
def commands_scope(answers: Answers) -> Judgement:
    read = answers["commands"]
    if isinstance(read, list):
        return confirm_if(True, "allowed")
    return confirm_if(getattr(read, "code", "") == "no_access", "not allowed")


EXPERIMENTS = (
    Experiment("roles", try_roles, (lowest_position, role_permissions, role_limit, member_counts)),
    Experiment(
        "channels",
        try_channels,
        (empty_overwrites, synced_overwrites, unknown_target, foreign_bits, text_names),
    ),
    Experiment("hidden", try_hidden, (hidden_channel,)),
    Experiment("another_guild", try_another_guild, (another_guild,)),
    Experiment("commands", try_commands, (commands_scope,)),
)
