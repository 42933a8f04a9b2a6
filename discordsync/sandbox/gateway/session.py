"""A session: a client's intents, and its recent events, which are kept for a resume."""

import json
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from discordsync.sandbox.gateway.intents import is_requested, redact
from discordsync.sandbox.gateway.parsing import Op

if TYPE_CHECKING:
    from discordsync.sandbox.gateway.connection import Connection

# So many events are kept for a resume; a client that missed more must start a new session.
KEPT_EVENTS = 5000


class Session:
    """One client's stream of events. It outlives its connection for a while."""

    def __init__(self, session_id: str, *, intents: int, bot_id: str) -> None:
        self.id = session_id
        self.intents = intents
        self.bot_id = bot_id
        self.seq = 0
        self.connection: Connection | None = None
        self.lost_at: float | None = None
        self.resumed = 0
        self._sent: deque[tuple[int, str]] = deque(maxlen=KEPT_EVENTS)

    def dispatch(self, event: str, data: Mapping[str, Any]) -> None:
        """Send the event, now or on a resume, if the session's intents include it."""
        if not is_requested(event, data, intents=self.intents, bot_id=self.bot_id):
            return
        seen = redact(event, data, intents=self.intents, bot_id=self.bot_id)
        self.seq += 1
        text = json.dumps({"op": Op.DISPATCH, "t": event, "s": self.seq, "d": seen})
        self._sent.append((self.seq, text))
        if self.connection is not None:
            self.connection.send(text)

    def can_replay(self, seq: int) -> bool:
        """Return whether every event after `seq` is still stored."""
        oldest = self._sent[0][0] if self._sent else self.seq + 1
        return oldest <= seq + 1

    def missed(self, seq: int) -> list[str]:
        """Return the events after `seq`, in order."""
        return [text for number, text in self._sent if number > seq]

    def describe(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "connected": self.connection is not None,
            "intents": self.intents,
            "seq": self.seq,
            "resumed": self.resumed,
        }
