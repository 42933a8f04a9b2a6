"""Messages after the first answer, authorized by the interaction's token for 15 minutes."""

from typing import Any

from discordsync.sandbox.calls import Answer, Call, Route
from discordsync.sandbox.guild_state import World
from discordsync.sandbox.interactions import record, responses
from discordsync.sandbox.interactions.record import LOADING


def follow_up(world: World, call: Call) -> Answer:
    """Send one more message; if the first answer is still deferred, this one replaces it."""
    interaction = of_token(world, call)
    given = responses.read(call.body)
    responses.require_reachable(world, interaction)
    original = record.message_of(world, interaction, interaction["original_id"])
    if original is not None and original["flags"] & LOADING:
        responses.change(world, original, given)
        return 200, responses.present(world, original)
    return 200, responses.present(world, responses.make(world, interaction, given))


def get_message(world: World, call: Call) -> Answer:
    return 200, responses.present(world, found(world, call))


def edit_message(world: World, call: Call) -> Answer:
    message = found(world, call)
    responses.change(world, message, responses.read(call.body))
    return 200, responses.present(world, message)


def delete_message(world: World, call: Call) -> Answer:
    responses.remove(world, of_token(world, call), found(world, call))
    return 204, None


def of_token(world: World, call: Call) -> dict[str, Any]:
    return record.find_by_token(world, call.ids["application_id"], call.ids["token"])


def found(world: World, call: Call) -> dict[str, Any]:
    """Return the message of the path; without an id, the original one."""
    interaction = of_token(world, call)
    message_id = call.ids.get("message_id", interaction["original_id"])
    return responses.find(world, interaction, message_id)


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
