"""A connection to the mail server, and the meaning of its responses."""

import re
import smtplib
from datetime import timedelta
from enum import Enum
from typing import Any

from django.core.mail import EmailMessage, get_connection

from cohorts.outbox.health import parts
from cohorts.outbox.health.undelivered import ADDRESS_REJECTED

QUOTA_PAUSE = timedelta(minutes=15)


class MailFailure(Enum):
    """What a failure means for this e-mail and for the others: of the server's answers the worst
    last."""

    NOT_NOW = "not now"  # the server refuses this e-mail temporarily
    NEVER = "never"  # no server would accept this e-mail: its address does not exist, for example
    REFUSED = "refused"  # the server refuses this e-mail permanently; perhaps it refuses any
    SERVER = "server"  # the server would refuse any e-mail; this one was not accepted
    QUOTA = "quota"  # the same for hours: the sending limit was exceeded
    UNCLEAR = "unclear"  # the connection broke; the e-mail may have been accepted


# The server would accept no other e-mail either.
SERVER_FAILURES = frozenset({MailFailure.SERVER, MailFailure.QUOTA, MailFailure.UNCLEAR})


class MailError(Exception):
    def __init__(self, verdict: MailFailure, why: str) -> None:
        super().__init__(why)
        self.verdict = verdict
        self.why = why

    @property
    def pause(self) -> timedelta:
        """Return how long the server is left alone after a failure that is its own."""
        return QUOTA_PAUSE if self.verdict is MailFailure.QUOTA else parts.RETRY


class MailServer:
    """A connection that is opened on first use and kept for a whole round, which closes it."""

    def __init__(self) -> None:
        self.backend: Any = get_connection(fail_silently=False)
        self.is_open = False

    def prepare(self) -> None:
        """Ensure that the connection is alive.  Raises MailError(SERVER); nothing was sent then.

        The check before each e-mail costs a round trip.  Without it, sending on a connection that
        the server has closed would look as if the e-mail might have been accepted.
        """
        if self.is_open and not self._answers():
            self.close()
        if not self.is_open:
            try:
                self.backend.open()
            except (OSError, smtplib.SMTPException) as error:
                self.close()
                raise MailError(MailFailure.SERVER, explain(error)) from error
            self.is_open = True

    def send(self, email: EmailMessage) -> None:
        """Send one e-mail.  Raises MailError."""
        try:
            self.backend.send_messages([email])
        except (OSError, smtplib.SMTPException, ValueError) as error:
            verdict = judge(error)
            if verdict in SERVER_FAILURES:
                self.close()
            raise MailError(verdict, explain(error)) from error

    def _answers(self) -> bool:
        """Return whether the connection is alive; backends other than SMTP keep none."""
        connection = getattr(self.backend, "connection", None)
        if not isinstance(connection, smtplib.SMTP):
            return True
        try:
            return connection.noop()[0] == 250
        except (OSError, smtplib.SMTPException):
            return False

    def close(self) -> None:
        self.is_open = False
        try:
            self.backend.close()
        except (OSError, smtplib.SMTPException):
            self.backend = get_connection(fail_silently=False)


# "550 5.4.5 Daily user sending limit exceeded", "450 4.7.0 …", "452 Too many messages …".
QUOTA = re.compile(
    r"\b(5\.4\.5|4\.7\.\d+)\b|\b(limit|quota) (has been |was )?(exceeded|reached)|rate limit"
    r"|\btoo many (e-?mails|messages)\b|\bexceeded .{0,40}\b(limit|quota)\b",
    re.IGNORECASE,
)
MAILBOX = re.compile(r"\b[45]\.2\.\d+\b|mailbox|over quota", re.IGNORECASE)  # the recipient's
# RFC 3463: the recipient's address or mailbox; 5.1.7 and 5.1.8 are about the sender's. A part of an
# IP address is no code.
RECIPIENT = re.compile(r"(?<![\d.])5\.(1\.(?![078]\b)\d+|2\.\d+)\b(?!\.\d)")


def judge(error: Exception) -> MailFailure:
    """Return what an error means.

    the server's response                    verdict
    ---------------------------------------  -------
    421, or it refuses us as sender          SERVER
    sending limit exceeded, with any code    QUOTA
    4xx to the address or to the content     NOT_NOW
    5xx whose code names the recipient       NEVER
    5xx to the address or to the content     REFUSED
    none: the e-mail cannot be serialized    NEVER
    none: the connection broke or timed out  UNCLEAR
    """
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        verdicts = (_judge_response(*answer) for answer in error.recipients.values())
        return max(verdicts, key=list(MailFailure).index)
    if isinstance(error, smtplib.SMTPDataError):
        return _judge_response(error.smtp_code, error.smtp_error)
    if isinstance(error, smtplib.SMTPResponseException):
        is_quota = _judge_response(error.smtp_code, error.smtp_error) is MailFailure.QUOTA
        return MailFailure.QUOTA if is_quota else MailFailure.SERVER
    if isinstance(error, ValueError | smtplib.SMTPNotSupportedError):
        return MailFailure.NEVER
    return MailFailure.UNCLEAR


def _judge_response(code: int, answer: bytes | str) -> MailFailure:
    text = _decode(answer)
    if QUOTA.search(text) and not MAILBOX.search(text):
        return MailFailure.QUOTA
    if code == 421:
        return MailFailure.SERVER
    if code < 500:
        return MailFailure.NOT_NOW
    return MailFailure.NEVER if RECIPIENT.search(text) else MailFailure.REFUSED


def explain(error: Exception) -> str:
    """Return a sentence for staff; it quotes the server's response, but never a password."""
    match error:
        case smtplib.SMTPAuthenticationError():
            return "The mail server rejects the user name or password in EMAIL_URL."
        case smtplib.SMTPRecipientsRefused():
            code, answer = next(iter(error.recipients.values()))
            return f"{ADDRESS_REJECTED}: {code} {_decode(answer)}"
        case smtplib.SMTPResponseException():
            text = _decode(error.smtp_error)
            return f"The mail server rejects the message: {error.smtp_code} {text}"
        case ValueError() | smtplib.SMTPNotSupportedError():
            return f"The message cannot be formatted as an e-mail: {error}"
    return _explain_no_response(error)


def _explain_no_response(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "The mail server closed the connection."
    if isinstance(error, TimeoutError):
        return "The mail server does not respond in time."
    return f"The mail server cannot be reached: {error}"


def _decode(text: bytes | str) -> str:
    return text.decode(errors="replace") if isinstance(text, bytes) else text
