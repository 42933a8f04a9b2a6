"""A mail server on this machine, for tests: it keeps what it takes, and fails as it is told.

    def test_…(mail_server):
        mail_server.refuse("RCPT", 550, "no such person", to="gone@example.org")
        …
        (email,) = mail_server.emails            # parsed, as a mail program would

Rules look at an SMTP verb, or at CONNECT (a connection begins), CONTENT (the e-mail has come) and
TAKEN (the e-mail was taken, the answer has not been given).  The fixture points Django's settings
here.
"""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest

HELD_SECONDS = 30.0
Rule = Callable[[str, str], str | None]


@dataclass
class Held:
    """A place where the server waits: `reached` is set when a sender is there."""

    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)


@dataclass
class MailServer:
    """What arrived and what is to go wrong.  Safe to use from any thread."""

    emails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    connections: int = 0
    rules: list[Rule] = field(default_factory=list)
    port: int = 0
    met: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def refuse(self, verb: str, code: int, said: str, *, to: str = "") -> None:
        """Answer a command with a code."""
        self.rules.append(
            lambda asked, argument: f"{code} {said}" if asked == verb and to in argument else None
        )

    def hang_up(self, verb: str) -> None:
        """End the connection instead of answering."""
        self.rules.append(lambda asked, _: "" if asked == verb else None)

    def hold(self, verb: str) -> Held:
        """Answer nothing before the test says so."""
        held = Held()

        def wait(asked: str, _: str) -> str | None:
            if asked == verb:
                held.reached.set()
                held.released.wait(HELD_SECONDS)
            return None

        self.rules.append(wait)
        return held

    def meet(self, verb: str, parties: int) -> None:
        """Answer nothing before so many connections have come to this point."""
        barrier = threading.Barrier(parties)

        def wait(asked: str, _: str) -> str | None:
            if asked == verb and self.met < parties:
                self.met += 1
                barrier.wait(HELD_SECONDS)
            return None

        self.rules.append(wait)

    def mend(self) -> None:
        self.rules.clear()

    def answer(self, verb: str, argument: str, usual: str) -> str:
        """The answer to a command; "" hangs up."""
        said = (rule(verb, argument) for rule in tuple(self.rules))
        return next((answer for answer in said if answer is not None), usual)

    def take(self, to: str, data: bytes) -> None:
        with self.lock:
            self.recipients.append(to)
            self.emails.append(message_from_bytes(data, policy=policy.default))


class _Talk(socketserver.StreamRequestHandler):
    """One connection.  `server.mail` is the MailServer."""

    def handle(self) -> None:
        assert isinstance(self.server, _Server)
        self.mail = self.server.mail
        with self.mail.lock:
            self.mail.connections += 1
        self.to = ""
        if not self._say("CONNECT", "", "220 mail"):
            return
        while line := self.rfile.readline().decode().strip():
            verb, _, argument = line.partition(" ")
            if not self._do(verb.upper(), argument):
                return

    def _do(self, verb: str, argument: str) -> bool:
        match verb:
            case "QUIT":
                self._say(verb, "", "221 bye")
                return False
            case "RCPT":
                self.to = argument.partition("<")[2].rpartition(">")[0]
                return self._say(verb, argument, "250 ok")
            case "DATA":
                return self._take_data()
            case _:
                return self._say(verb, argument, "250 ok")

    def _take_data(self) -> bool:
        answer = self.mail.answer("DATA", self.to, "354 go on")
        if not answer.startswith("354"):
            return self._write(answer)
        self._write(answer)
        data = self._read_data()
        if data is None:
            return False
        refusal = self.mail.answer("CONTENT", self.to, "")
        if refusal:
            return self._write(refusal)
        self.mail.take(self.to, data)
        return self._say("TAKEN", self.to, "250 taken")

    def _read_data(self) -> bytes | None:
        """The e-mail; None when the sender went away before its end."""
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            if not line:
                return None
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        return b"".join(lines)

    def _say(self, verb: str, argument: str, usual: str) -> bool:
        return self._write(self.mail.answer(verb, argument, usual))

    def _write(self, answer: str) -> bool:
        try:
            if answer:
                self.wfile.write(f"{answer}\r\n".encode())
        except ConnectionError:  # the sender was killed
            return False
        return bool(answer)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    mail: MailServer


@pytest.fixture
def mail_server(settings: Any) -> Iterator[MailServer]:
    mail = MailServer()
    with _Server(("127.0.0.1", 0), _Talk) as server:
        server.mail = mail
        mail.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", mail.port
        settings.EMAIL_TIMEOUT = 5
        yield mail
        server.shutdown()
        thread.join()
