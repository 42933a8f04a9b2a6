"""One connection to the mail server, and what its answers mean."""

from __future__ import annotations

import smtplib
from enum import Enum
from types import TracebackType
from typing import Any

from django.core.mail import EmailMessage, get_connection


class Verdict(Enum):
    """What a failure says about the letter and about the server."""

    NOT_NOW = "not now"  # the server refuses this letter for the time being
    NEVER = "never"  # the server refuses this letter for good
    SERVER = "server"  # nobody's letter would be taken; this one was not
    UNCLEAR = "unclear"  # the connection broke; the letter may have been taken


class MailFailed(Exception):
    def __init__(self, verdict: Verdict, why: str) -> None:
        super().__init__(why)
        self.verdict = verdict
        self.why = why


class MailServer:
    """A connection that is opened when it is first needed and used for a whole round."""

    def __init__(self) -> None:
        self.backend: Any = get_connection(fail_silently=False)
        self.is_open = False

    def __enter__(self) -> MailServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def prepare(self) -> None:
        """Have a connection that answers.  Raises MailFailed(SERVER); nothing was sent then.

        The question in front of each letter costs a round trip; without it a connection that the
        server closed meanwhile would look as if a letter had been lost.
        """
        if self.is_open and not self._answers():
            self._close()
        if not self.is_open:
            try:
                self.backend.open()
            except (OSError, smtplib.SMTPException) as error:
                self._close()
                raise MailFailed(Verdict.SERVER, explain(error)) from error
            self.is_open = True

    def send(self, letter: EmailMessage) -> None:
        """Hand over one letter.  Raises MailFailed."""
        try:
            self.backend.send_messages([letter])
        except (OSError, smtplib.SMTPException, ValueError) as error:
            verdict = judge(error)
            if verdict in {Verdict.SERVER, Verdict.UNCLEAR}:
                self._close()
            raise MailFailed(verdict, explain(error)) from error

    def _answers(self) -> bool:
        """Other backends than SMTP hold no connection that could be gone."""
        connection = getattr(self.backend, "connection", None)
        if not isinstance(connection, smtplib.SMTP):
            return True
        try:
            return connection.noop()[0] == 250
        except (OSError, smtplib.SMTPException):
            return False

    def _close(self) -> None:
        self.is_open = False
        try:
            self.backend.close()
        except (OSError, smtplib.SMTPException):
            self.backend = get_connection(fail_silently=False)


def judge(error: Exception) -> Verdict:
    """
    the server's answer                      verdict
    ---------------------------------------  -------
    421, or it refuses us as sender          SERVER
    4xx to the address or to the content     NOT_NOW
    5xx to the address or to the content     NEVER
    none: the letter cannot be written down  NEVER
    none: the connection broke, or was slow  UNCLEAR
    """
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return _judge_code(max(code for code, _ in error.recipients.values()))
    if isinstance(error, smtplib.SMTPDataError):
        return _judge_code(error.smtp_code)
    if isinstance(error, smtplib.SMTPResponseException):
        return Verdict.SERVER
    if isinstance(error, ValueError | smtplib.SMTPNotSupportedError):
        return Verdict.NEVER
    return Verdict.UNCLEAR


def _judge_code(code: int) -> Verdict:
    if code == 421:
        return Verdict.SERVER
    return Verdict.NEVER if code >= 500 else Verdict.NOT_NOW


def explain(error: Exception) -> str:
    """A sentence for staff; the server's own words are in it, no password ever is."""
    match error:
        case smtplib.SMTPAuthenticationError():
            return "The mail server refuses the sign-in in EMAIL_URL."
        case smtplib.SMTPRecipientsRefused():
            code, said = next(iter(error.recipients.values()))
            return f"The mail server refuses the address: {code} {_read(said)}"
        case smtplib.SMTPResponseException():
            return f"The mail server refuses: {error.smtp_code} {_read(error.smtp_error)}"
        case ValueError() | smtplib.SMTPNotSupportedError():
            return f"It cannot be written as a letter: {error}"
    return _explain_silence(error)


def _explain_silence(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "The mail server ended the connection."
    if isinstance(error, TimeoutError):
        return "The mail server does not answer in time."
    return f"The mail server cannot be reached: {error}"


def _read(said: bytes | str) -> str:
    return said.decode(errors="replace") if isinstance(said, bytes) else said
