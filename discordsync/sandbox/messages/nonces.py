"""Nonces: a message that is sent twice within minutes is stored once, if its author asks for it."""

from collections.abc import Mapping
from typing import Any

from discordsync.sandbox.errors import refuse
from discordsync.sandbox.guild import Guild


def find_sent(guild: Guild, actor: str, body: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the author's recent message with this nonce, if the request has `enforce_nonce`.

    Refuses with Unknown Message if it was sent and then deleted.
    """
    if not body.get("enforce_nonce") or not body.get("nonce"):
        return None
    for sent in guild.state["nonces"]:
        if (sent["author_id"], sent["nonce"]) == (actor, body["nonce"]):
            held = guild.state["messages"].get(sent["channel_id"], {})
            if sent["message_id"] not in held:
                raise refuse("unknown_message")
            return dict(held[sent["message_id"]])
    return None


def store_nonce(guild: Guild, message: Mapping[str, Any], nonce: str | None) -> None:
    if nonce:
        guild.state["nonces"].append(
            {
                "author_id": message["author_id"],
                "nonce": nonce,
                "channel_id": message["channel_id"],
                "message_id": message["id"],
                "at": message["sent_at"],
            }
        )


def expire_nonces(guild: Guild) -> None:
    since = guild.ago(minutes=guild.setting("nonce_minutes"))
    guild.state["nonces"] = [sent for sent in guild.state["nonces"] if sent["at"] > since]
