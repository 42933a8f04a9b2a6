"""Messages after the first answer, authorized by the interaction's token for 15 minutes."""

from typing import Any

from discordsync.sandbox.calls import Answer, Call, Route
from discordsync.sandbox.guild import Guild
from discordsync.sandbox.interactions import record, responses
from discordsync.sandbox.interactions.record import LOADING


def follow_up(guild: Guild, call: Call) -> Answer:
    """Send one more message; if the first answer is still deferred, this one replaces it."""
    interaction = of_token(guild, call)
    given = responses.read(call.body)
    responses.require_reachable(guild, interaction)
    original = record.message_of(guild, interaction, interaction["original_id"])
    if original is not None and original["flags"] & LOADING:
        responses.change(guild, original, given)
        return 200, responses.serialize(guild, original)
    return 200, responses.serialize(guild, responses.make(guild, interaction, given))


def get_message(guild: Guild, call: Call) -> Answer:
    return 200, responses.serialize(guild, found(guild, call))


def edit_message(guild: Guild, call: Call) -> Answer:
    message = found(guild, call)
    responses.change(guild, message, responses.read(call.body))
    return 200, responses.serialize(guild, message)


def delete_message(guild: Guild, call: Call) -> Answer:
    responses.remove(guild, of_token(guild, call), found(guild, call))
    return 204, None


def of_token(guild: Guild, call: Call) -> dict[str, Any]:
    return record.find_by_token(guild, call.ids["application_id"], call.ids["token"])


def found(guild: Guild, call: Call) -> dict[str, Any]:
    """Return the message of the path; without an id, the original one."""
    interaction = of_token(guild, call)
    message_id = call.ids.get("message_id", interaction["original_id"])
    return responses.find(guild, interaction, message_id)


WEBHOOK = "/webhooks/{application_id}/{token}"
ROUTES: list[Route] = [
    ("POST", WEBHOOK, follow_up),
    *(
        route
        for path in (f"{WEBHOOK}/messages/@original", WEBHOOK + "/messages/{message_id}")
        for route in (
            ("GET", path, get_message),
            ("PATCH", path, edit_message),
            ("DELETE", path, delete_message),
        )
    ),
]
