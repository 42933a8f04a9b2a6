"""The first answer to an interaction, within three seconds and only once.

interaction    allowed answers
-------------  ----------------------------------------------------------------------
command        a message (4), a deferred message (5), a form (9)
press          these, or an update of the pressed message (7), also deferred (6)
focus          choices (8)
form           a message (4, 5); 6 and 7 too, if the form came from a press
"""

from collections.abc import Mapping
from typing import Any

from discordsync.sandbox import fields
from discordsync.sandbox.calls import Answer, Call, Route
from discordsync.sandbox.errors import form_error
from discordsync.sandbox.guild import Guild
from discordsync.sandbox.interactions import modals, record, responses
from discordsync.sandbox.interactions.command_checks import fits
from discordsync.sandbox.interactions.record import (
    CHOICES,
    COMMAND,
    COMPONENT,
    DEFERRED,
    DEFERRED_UPDATE,
    EPHEMERAL,
    FOCUS,
    LOADING,
    MESSAGE,
    MODAL,
    SUBMIT,
    UPDATE,
)

ALLOWED = {
    COMMAND: (MESSAGE, DEFERRED, MODAL),
    COMPONENT: (MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, MODAL),
    FOCUS: (CHOICES,),
    SUBMIT: (MESSAGE, DEFERRED),
}
SUBMIT_AFTER_PRESS = (MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE)
IN_LIST = 25
CHOICE = fields.shape(
    {"name": fields.text(1, 100), "value": lambda value: value}, required=("name", "value")
)


def answer(guild: Guild, call: Call) -> Answer:
    interaction = record.find_unanswered(guild, call.ids["interaction_id"], call.ids["token"])
    kind = read_type(interaction, call.body)
    data = read_record(call.body)
    ACTS[kind](guild, interaction, data)
    interaction["answer"], interaction["answered_at"] = kind, guild.timestamp()
    if not call.flag("with_response"):
        return 204, None
    return 200, serialize(guild, interaction)


def read_type(interaction: Mapping[str, Any], body: Mapping[str, Any]) -> int:
    allowed = ALLOWED[interaction["type"]]
    if interaction["type"] == SUBMIT and interaction["message_id"]:
        allowed = SUBMIT_AFTER_PRESS
    checked = fields.read_body(body, {"type": fields.choice(*allowed)}, required=("type",))
    return int(checked["type"])


def read_record(body: Mapping[str, Any]) -> dict[str, Any]:
    data = body.get("data")
    if data is None:
        return {}
    if not isinstance(data, dict):
        sentence = "Only dictionaries may be used in a DictType."
        raise form_error({"data": ("DICT_TYPE_CONVERT", sentence)})
    return data


def send(guild: Guild, interaction: dict[str, Any], data: Mapping[str, Any]) -> None:
    responses.require_reachable(guild, interaction)
    message = responses.make(guild, interaction, responses.read(data, at="data."))
    interaction["original_id"] = message["id"]


def defer(guild: Guild, interaction: dict[str, Any], data: Mapping[str, Any]) -> None:
    """Show that the bot is thinking.  Whether the answer is ephemeral is decided now."""
    responses.require_reachable(guild, interaction)
    given = {"flags": responses.read(data, at="data.")["flags"] & EPHEMERAL}
    message = responses.make(guild, interaction, given, loading=True)
    interaction["original_id"] = message["id"]


def update_later(guild: Guild, interaction: dict[str, Any], data: Mapping[str, Any]) -> None:
    del guild, data
    interaction["original_id"] = interaction["message_id"]


def update(guild: Guild, interaction: dict[str, Any], data: Mapping[str, Any]) -> None:
    given = responses.read(data, at="data.")
    interaction["original_id"] = interaction["message_id"]
    responses.change(guild, responses.find(guild, interaction, interaction["message_id"]), given)


def offer_choices(guild: Guild, interaction: dict[str, Any], data: Mapping[str, Any]) -> None:
    del guild
    choices = fields.nullable(fields.listed(CHOICE, IN_LIST))
    given = fields.read_body(data, {"choices": choices}, at="data.").get("choices") or []
    kind = focused(interaction["payload"]["data"]["options"])["type"]
    for index, choice in enumerate(given):
        if not fits(kind, choice["value"]) or len(str(choice["value"])) > 100:
            complaint = ("BASE_TYPE_BAD_TYPE", "Wrong type of value, or more than 100 characters.")
            raise form_error({f"data.choices.{index}.value": complaint})
    interaction["choices"] = given


def focused(options: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the option that is being typed."""
    for option in options:
        if option.get("focused"):
            return option
        if found := focused(option.get("options", [])):
            return found
    return {}


def show_modal(guild: Guild, interaction: dict[str, Any], data: Mapping[str, Any]) -> None:
    del guild
    interaction["modal"] = modals.read_modal(data, at="data.")


ACTS = {
    MESSAGE: send,
    DEFERRED: defer,
    DEFERRED_UPDATE: update_later,
    UPDATE: update,
    CHOICES: offer_choices,
    MODAL: show_modal,
}


def serialize(guild: Guild, interaction: dict[str, Any]) -> dict[str, Any]:
    """Return the interaction's result, for a caller that requests it."""
    shown: dict[str, Any] = {"id": interaction["id"], "type": interaction["type"]}
    result: dict[str, Any] = {"interaction": shown}
    kind = interaction["answer"]
    message = record.message_of(guild, interaction, interaction["original_id"])
    if message is not None:
        shown |= {
            "response_message_id": message["id"],
            "response_message_loading": bool(message["flags"] & LOADING),
            "response_message_ephemeral": bool(message["flags"] & EPHEMERAL),
        }
        if kind in (MESSAGE, UPDATE):
            result["resource"] = {"type": kind, "message": responses.serialize(guild, message)}
    return result


ROUTES: list[Route] = [("POST", "/interactions/{interaction_id}/{token}/callback", answer)]
