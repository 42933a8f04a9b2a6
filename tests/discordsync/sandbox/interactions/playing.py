"""People who use the bot, and a bot that answers by bare calls."""

from typing import Any

from tests.discordsync.sandbox.server import ADA, GUILD, Reply, Server

HIDDEN = 64
ROW, BUTTON, MENU = 1, 2, 3
ECHO = {
    "name": "echo",
    "description": "Say it again",
    "options": [
        {"type": 3, "name": "text", "description": "What", "required": True, "autocomplete": True}
    ],
}


def row(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"type": ROW, "components": list(parts)}


def button(custom_id: str = "yes", **more: Any) -> dict[str, Any]:
    return {"type": BUTTON, "style": 1, "label": "Yes", "custom_id": custom_id, **more}


def menu(*values: str, **more: Any) -> dict[str, Any]:
    options = [{"label": value.upper(), "value": value} for value in values]
    return {"type": MENU, "custom_id": "menu", "options": options, **more}


class Bot:
    """What a bot does with its token, and with those of interactions."""

    def __init__(self, guild: Server) -> None:
        self.guild = guild
        self.application = f"/applications/{guild.bot}"
        self.here = f"{self.application}/guilds/{GUILD}/commands"
        self.everywhere = f"{self.application}/commands"

    def register(self, *commands: dict[str, Any], where: str | None = None) -> None:
        reply = self.guild.call("PUT", where or self.here, list(commands))
        assert reply.status == 200, reply

    def token(self, interaction: str) -> str:
        return str(self.payload(interaction)["token"])

    def payload(self, interaction: str) -> dict[str, Any]:
        """What the bot was sent."""
        sent: dict[str, Any] = self.guild.state["interactions"][interaction]["payload"]
        return sent

    def answer(self, interaction: str, kind: int, data: Any = None, **query: Any) -> Reply:
        path = f"/interactions/{interaction}/{self.token(interaction)}/callback"
        body = {"type": kind} if data is None else {"type": kind, "data": data}
        return self.guild.call("POST", path, body, query=query, headers={"Authorization": ""})

    def follow(
        self, interaction: str, method: str = "POST", body: Any = None, *, message: str = ""
    ) -> Reply:
        """A call by the interaction's token; `message` is an id or "@original"."""
        path = f"/webhooks/{self.guild.bot}/{self.token(interaction)}"
        path += f"/messages/{message}" if message else ""
        return self.guild.call(method, path, body, headers={"Authorization": ""})


class People:
    """What people do, and what they then see."""

    def __init__(self, guild: Server) -> None:
        self.guild = guild

    def run(self, command: str, *, user: str = ADA, **options: Any) -> str:
        return self.play(user=user, command=command, options=options)

    def press(self, message: str, custom_id: str = "yes", *, user: str = ADA, **more: Any) -> str:
        return self.play(user=user, press=custom_id, message_id=message, **more)

    def play(self, **wish: Any) -> str:
        return str(self.guild.control("interactions", wish)["id"])

    def sees(self, interaction: str) -> dict[str, Any]:
        """What became of the interaction."""
        shown = self.guild.on_server(self.guild.sandbox.shows["interactions"])
        (found,) = [one for one in shown["interactions"] if one["id"] == interaction]
        return dict(found)

    def texts(self, interaction: str) -> list[str]:
        return [message["content"] for message in self.sees(interaction)["messages"]]
