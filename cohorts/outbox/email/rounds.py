"""Send pending e-mails in rounds: one worker, one connection, one e-mail after another.

    text and route ─> connection ─> claim ─> begin ─> send ─> mark_sent
                                        A        B        C

If a worker dies at

    A, B  nothing was sent; another round sends it after CLAIM
    C     the server accepted the e-mail, but this was not recorded: it is sent again after CLAIM

C, and a connection that breaks during the transfer, cannot be excluded.  The repeated e-mail has
the same Message-ID, text and date, so that mailboxes that compare Message-IDs show it once.
"""

import logging
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime, timedelta

from django.core.mail import EmailMessage
from django.db import transaction

from cohorts import clock
from cohorts.models import Installation
from cohorts.outbox import rerouting, services
from cohorts.outbox.email.composing import compose_email
from cohorts.outbox.email.mailserver import SERVER_FAILURES, MailError, MailFailure, MailServer
from cohorts.outbox.health import parts
from cohorts.outbox.holds import why_held
from cohorts.outbox.models import Message
from cohorts.outbox.registry import MessageObsolete
from cohorts.outbox.rendering.render import MessageContent, get_content
from cohorts.outbox.routing.routes import DeliveryRequest, DeliveryRoute, find_routes
from cohorts.outbox.selectors import fingerprint, sendable

logger = logging.getLogger(__name__)

ROUND_SECONDS = 45.0  # far below the task timeout, with room for one slow e-mail
CLAIM = timedelta(minutes=15)  # far above it: no other round sends the e-mail again
STALE_SECONDS = 300.0  # a worker that was suspended for this long after its claim sends nothing
SUSPICIOUS = 3  # refused in a row, and none accepted later: then the server is at fault
MOST_REFUSED = 20  # in a row; then the round ends, because servers disconnect such senders
MANY_REFUSALS = "The mail server rejects several e-mails in a row: {response}"
TAKEN = (Message.State.SENDING, Message.State.SENT)
FIRST_WAIT = timedelta(minutes=1)  # doubles with each failure
LONGEST_WAIT = timedelta(hours=6)
NO_ADDRESS = (
    "This person has no e-mail address. Enter one: the message is then sent within 60 minutes."
)
NO_ADDRESS_RETRY = timedelta(hours=1)

Refused = tuple[Message, MailError]  # refused since the server last accepted an e-mail


class TakenOver(Exception):
    """A later round has claimed the e-mail, and sends the rest. If it died, the task of the next
    minute does."""


def send_round(*, seconds: float = ROUND_SECONDS) -> bool:
    """Send due e-mails for at most `seconds`; return whether another round is needed.

    Of rounds that run concurrently only one goes on, and each other one ends with the e-mail in
    hand, so that e-mails occupy one process.  It also sends what became due since the others began.
    A failure of the server ends the round and is recorded once.  A refused e-mail is recorded when
    it is known whether it or the server is at fault.
    """
    now = clock.now()
    if why_held(now) or parts.is_waiting(parts.EMAIL, now=now):
        return False
    installation = Installation.objects.get(pk=1)
    ends = time.monotonic() + seconds
    due = list(sendable([Message.Channel.EMAIL], now, installation))
    routes = find_routes({DeliveryRequest.about(email) for email in due}, now)
    refused: list[Refused] = []
    failure, is_over, is_taken_over = None, False, False
    with closing(MailServer()) as server:
        try:
            for message in due:
                if is_over := time.monotonic() > ends or len(refused) == MOST_REFUSED:
                    break
                route = routes[DeliveryRequest.about(message)]
                mark = fingerprint(message.key, installation)
                _send(message, route, server, mark, refused)
        except TakenOver:
            is_taken_over = True
        except MailError as error:
            failure = error
    suspicion = _record_refused(refused)
    if failure := failure or suspicion:
        now = clock.now()
        parts.record_failure(parts.EMAIL, failure.why, now=now, pause=failure.pause)
    if failure or is_taken_over:
        return False
    left = sendable([Message.Channel.EMAIL], clock.now(), installation)
    return is_over or left.exclude(pk__in=[message.pk for message in due]).exists()


def _send(
    message: Message, route: DeliveryRoute, server: MailServer, mark: str, refused: list[Refused]
) -> None:
    """Send one e-mail, or record why not.

    Raises MailError if the server accepts no e-mails, TakenOver if another round has claimed it.
    """
    content = _get_content(message, route)
    if content is None:
        return
    server.prepare()
    claimed_at = time.monotonic()
    first_tried = _claim(message, content)
    if first_tried is None:
        return
    assert message.user is not None
    email = compose_email(content, to=message.user, mark=mark, first_tried=first_tried)
    if time.monotonic() - claimed_at < STALE_SECONDS:
        _deliver(message, email, server, refused)


def _get_content(message: Message, route: DeliveryRoute) -> MessageContent | None:
    """Return the text; None if the message is not to be sent (now), after recording the reason."""
    now = clock.now()
    elsewhere = route.channel not in {"", Message.Channel.EMAIL}
    if elsewhere and rerouting.reroute(message.pk, to=route.channel, now=now):
        return None
    if not route.channel:
        services.mark_dropped(message.pk, why=route.why)
        return None
    try:
        content = get_content(message, now)
    except MessageObsolete as error:
        services.mark_dropped(message.pk, why=error.why)
    except Exception as error:
        logger.exception("The text of message %s cannot be rendered", message.key)
        services.mark_unrenderable(message.pk, error, now=now)
    else:
        if message.user and message.user.email:
            return content
        services.mark_failed(message.pk, why=NO_ADDRESS, now=now, retry=NO_ADDRESS_RETRY)
    return None


@transaction.atomic  # what is claimed is seen as being sent: a retry by staff changes no claim
def _claim(message: Message, content: MessageContent) -> datetime | None:
    """Reserve the e-mail and store its text; return the time of the first attempt.

    Returns None if staff changed it in between.  Raises TakenOver.
    """
    now = clock.now()
    if not services.claim(message.pk, seen=message.next_try_at, until=now + CLAIM):
        emails = Message.objects.filter(channel=Message.Channel.EMAIL, state__in=TAKEN)
        if emails.filter(pk=message.pk).exists():
            raise TakenOver
        return None
    begun = services.begin(
        message.pk, body=content.text, now=now, subject=content.subject, html=content.html
    )
    tried_at = Message.objects.values_list("tried_at", flat=True).get(pk=message.pk)
    return tried_at if begun else None


def _deliver(
    message: Message, email: EmailMessage, server: MailServer, refused: list[Refused]
) -> None:
    try:
        server.send(email)
    except MailError as error:
        if error.verdict is MailFailure.REFUSED:
            refused.append((message, error))
            return
        _record_failure(message, error)
        if error.verdict in SERVER_FAILURES:
            raise
        return
    services.mark_sent(message.pk, outside_id=email.extra_headers["Message-ID"], now=clock.now())
    parts.record_success(parts.EMAIL)
    for earlier, refusal in refused:
        _record_failure(earlier, refusal)
    refused.clear()


def _record_refused(refused: Sequence[Refused]) -> MailError | None:
    """Record the last refusals of a round.  If they are so many that the server is at fault, those
    e-mails are retried, and the server's failure is returned."""
    failure = None
    if len(refused) >= SUSPICIOUS:
        last = refused[-1][1]
        failure = MailError(MailFailure.SERVER, MANY_REFUSALS.format(response=last.why))
    for message, refusal in refused:
        _record_failure(message, failure or refusal)
    return failure


def _record_failure(message: Message, error: MailError) -> None:
    now = clock.now()
    wait = min(FIRST_WAIT * 2 ** min(message.failures, 10), LONGEST_WAIT)
    if error.verdict is MailFailure.UNCLEAR:
        services.mark_unclear(message.pk, why=error.why, now=now, retry=wait)
        return
    if error.verdict in {MailFailure.NEVER, MailFailure.REFUSED}:
        wait = message.cutoff_at - now  # only staff can retry it
    services.mark_failed(message.pk, why=error.why, now=now, retry=wait)
