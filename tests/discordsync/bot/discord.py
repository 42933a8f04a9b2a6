"""People who use the bot in the sandbox's guild, and what they see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cohorts.models import User
from tests.support.processes import wait_until
from tests.support.running_sandbox import RunningSandbox

SOON = 60.0
Seen = dict[str, Any]


class People:
    """Plays people at the sandbox's control door."""

    def __init__(self, sandbox: RunningSandbox, said: Callable[[], str]) -> None:
        self.sandbox = sandbox
        self.said = said  # the bot's log, for whoever reads a failure

    def run(self, person: User | str, command: str, **options: Any) -> str:
        """Type a slash command; returns the interaction's id."""
        return self._play(user=account(person), command=command, options=options)

    def type(self, person: User | str, command: str, focus: str, **options: Any) -> list[str]:
        """What autocompletion offers, as it is shown."""
        id_ = self._play(user=account(person), command=command, focus=focus, options=options)
        self.wait(lambda: self.look(id_)["choices"] is not None, "nothing was offered")
        return [choice["name"] for choice in self.look(id_)["choices"]]

    def press(self, person: User | str, seen: Seen, label: str) -> str:
        """Press the button with this label under a message."""
        custom_id = buttons(seen)[label]
        return self._play(user=account(person), press=custom_id, message_id=seen["id"])

    def repeat(self, interaction: str) -> None:
        """Discord sends the bot the same interaction once more."""
        self._play(again=interaction)

    def look(self, interaction: str) -> Seen:
        found = self.sandbox.get("interactions")["interactions"]
        return next(each for each in found if each["id"] == interaction)

    def answer(
        self, interaction: str, *words: str, meanwhile: Callable[[], object] = lambda: None
    ) -> Seen:
        """The answer as the person sees it, once it is there and has this text.

        `meanwhile` is what others do until then, again and again: workers, say.
        """

        def is_there() -> bool:
            meanwhile()
            seen = self.look(interaction)
            return seen["state"] == "answered" and all(
                word in seen["messages"][0]["content"] for word in words
            )

        self.wait(is_there, f"no answer with {words}", lambda: self.look(interaction))
        return self.look(interaction)["messages"][0]

    def wait(
        self, holds: Callable[[], object], what: str, more: Callable[[], object] = lambda: ""
    ) -> None:
        try:
            wait_until(holds, SOON, what)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{more()}\n{self.said()}") from None

    def _play(self, **wish: Any) -> str:
        return str(self.sandbox.post("interactions", wish)["id"])


def account(person: User | str) -> str:
    return person if isinstance(person, str) else str(person.discord_id)


def buttons(seen: Seen) -> dict[str, str]:
    """The ids of a message's buttons by their labels; the address of those that open one."""
    parts = [part for row in seen["components"] for part in row["components"]]
    return {part["label"]: part.get("custom_id") or part["url"] for part in parts}
