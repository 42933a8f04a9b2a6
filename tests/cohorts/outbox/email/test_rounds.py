"""E-mail as it arrives: really sent to a mail server on this machine, read back and parsed."""

from __future__ import annotations

from datetime import timedelta
from email.utils import parsedate_to_datetime

import pytest

from cohorts import clock
from cohorts.models import Installation
from cohorts.outbox.collecting import collect
from cohorts.outbox.email import rounds
from cohorts.outbox.health import parts
from cohorts.outbox.health.alarms import find_alarms
from cohorts.outbox.holds import holds
from cohorts.outbox.models import Message, OutboxPart
from cohorts.outbox.tasks import send_emails
from cohorts.services.account_emails import queue_password_email

pytestmark = pytest.mark.django_db

NOBODY_THERE = "no such person"


@pytest.fixture
def pending(add_members, now):
    """Alice, Bob and Charlie each have a pending note by e-mail."""
    people = add_members("Alice", "Bob", "Charlie")
    collect(None, now=now)
    return people


def why_not(person) -> str:
    return person.messages.get().not_sent_reason


def states() -> set[str]:
    return set(Message.objects.values_list("state", flat=True))


def pass_time(**span) -> None:
    """Move what waits, and the mail server's pause, into the past by so much."""
    for message in Message.objects.all():
        message.next_try_at -= timedelta(**span)
        message.save()
    for part in OutboxPart.objects.exclude(retry_at=None):
        part.retry_at -= timedelta(**span)
        part.save()


def test_each_gets_one_email_over_one_connection(pending, mail_server):
    send_emails()
    send_emails()
    assert sorted(mail_server.recipients) == [
        "alice@example.org",
        "bob@example.org",
        "charlie@example.org",
    ]
    assert mail_server.connections == 1
    assert states() == {"sent"}


def test_an_email_has_text_html_and_a_way_out(pending, mail_server, settings):
    settings.DEFAULT_FROM_EMAIL = "Academy <hello@academy.example>"
    send_emails()

    (email,) = (one for one in mail_server.emails if one["To"] == pending[0].email)
    assert email["From"] == "Academy <hello@academy.example>"
    assert email["Subject"] == "Note for Alice: Hello"
    assert email["Message-ID"].endswith("@academy.example>")
    assert email["Auto-Submitted"] == "auto-generated"
    assert email["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    address = email["List-Unsubscribe"].strip().strip("<>")
    text = email.get_body(("plain",)).get_content()
    html = email.get_body(("html",)).get_content()
    assert text.splitlines()[:3] == ["Hello Alice,", "", "Hello"]
    assert address in text
    assert address in html
    assert address.startswith(f"{settings.SITE_URL}/unsubscribe/")


def test_hostile_names_break_neither_headers_nor_html(add_members, mail_server, now):
    name = "Eve\r\nBcc: all@example.org <script>alert(1)</script> \u202e" + "x" * 80
    (eve,) = add_members("Eve")
    type(eve).objects.filter(pk=eve.pk).update(name=name)
    collect(None, now=now)
    send_emails()

    (email,) = mail_server.emails
    assert email["Bcc"] is None
    assert email["To"] == "eve@example.org"
    assert len(email["Subject"]) <= 150
    assert "\u202e" not in email["Subject"]
    assert "<script>" not in email.get_body(("html",)).get_content()


def test_a_person_who_wants_no_email_gets_none(pending, mail_server):
    alice, bob, charlie = pending
    type(alice).objects.filter(pk=alice.pk).update(wants_email=False)
    type(bob).objects.filter(pk=bob.pk).update(is_active=False)
    send_emails()

    assert mail_server.recipients == [charlie.email]
    assert why_not(alice) == "The person turned off messages by e-mail."
    assert alice.messages.get().state == bob.messages.get().state == "dropped"


def test_a_person_without_an_address_gets_it_once_there_is_one(pending, mail_server):
    alice = pending[0]
    type(alice).objects.filter(pk=alice.pk).update(email=None)
    send_emails()
    assert why_not(alice) == rounds.NO_ADDRESS
    assert len(mail_server.emails) == 2

    type(alice).objects.filter(pk=alice.pk).update(email="alice@new.example")
    pass_time(hours=1)
    send_emails()
    assert mail_server.recipients[-1] == "alice@new.example"


def test_a_dead_server_is_one_trouble_and_touches_no_email(pending, mail_server):
    mail_server.refuse("CONNECT", 421, "closed for the night")
    for _ in range(3):
        send_emails()

    assert mail_server.connections == 1  # one probe a minute
    part = OutboxPart.objects.get()
    assert (part.name, part.failures) == ("email", 1)
    assert part.issue == "The mail server rejects the message: 421 closed for the night"
    assert set(Message.objects.values_list("state", "failures", "not_sent_reason")) == {
        ("pending", 0, "")
    }

    mail_server.mend()
    pass_time(minutes=1)
    send_emails()
    assert len(mail_server.emails) == 3
    part.refresh_from_db()
    assert (part.failing_since, part.issue) == (None, "")


def test_a_server_that_is_not_there_is_said_so(pending, mail_server, settings):
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_PORT = 1
    send_emails()
    assert OutboxPart.objects.get().issue.startswith("The mail server cannot be reached")
    assert states() == {"pending"}


def test_a_server_that_refuses_us_as_sender_is_one_trouble(pending, mail_server):
    mail_server.refuse("MAIL", 550, "we do not know you")
    send_emails()
    assert (
        OutboxPart.objects.get().issue
        == "The mail server rejects the message: 550 we do not know you"
    )
    assert Message.objects.filter(failures__gt=0).count() == 1


def test_a_refused_address_waits_for_a_person_and_stops_no_one_else(pending, mail_server):
    alice = pending[0]
    mail_server.refuse("RCPT", 550, NOBODY_THERE, to=alice.email)
    send_emails()

    assert len(mail_server.emails) == 2
    assert why_not(alice) == f"The mail server rejects the address: 550 {NOBODY_THERE}"
    pass_time(hours=12)
    send_emails()
    message = alice.messages.get()
    assert (message.failures, message.state) == (1, "pending")


@pytest.mark.parametrize(
    ("verb", "code", "said"),
    [
        ("MAIL", 550, "5.4.5 Daily user sending limit exceeded"),
        ("RCPT", 550, "5.4.5 Daily user sending quota exceeded"),
        ("RCPT", 451, "4.7.28 Unusual rate of mail from your account"),
        ("CONTENT", 554, "Message limit exceeded"),
        ("CONTENT", 452, "Too many messages today"),
    ],
)
def test_b10_a_mail_quota_is_the_servers_trouble_and_nobodys_email_is_given_up(
    pending, mail_server, verb, code, said
):
    mail_server.refuse(verb, code, said)
    send_emails()
    assert mail_server.connections == 1
    part = OutboxPart.objects.get(name=parts.EMAIL)
    assert said in part.issue
    assert part.retry_at > clock.now() + timedelta(minutes=14)
    assert states() == {"pending"}

    mail_server.mend()
    pass_time(minutes=16)
    send_emails()
    assert states() == {"sent"}
    assert not OutboxPart.objects.filter(failing_since__isnull=False).exists()


def test_b10_a_mail_quota_that_an_email_about_an_account_meets_pauses_all_emails_as_long(
    pending, mail_server
):
    queue_password_email(str(pending[0].email), now=clock.now())
    mail_server.refuse("MAIL", 550, "5.4.5 Daily user sending limit exceeded")
    send_emails()
    assert OutboxPart.objects.get().retry_at > clock.now() + timedelta(minutes=14)
    assert states() == {"pending"}

    queue_password_email(str(pending[1].email), now=clock.now())
    mail_server.mend()
    mail_server.refuse("MAIL", 421, "4.3.2 Closing down")
    send_emails()
    assert OutboxPart.objects.get().retry_at > clock.now() + timedelta(minutes=13), "still"


def test_b10_a_mailbox_that_is_full_is_that_persons(pending, mail_server):
    mail_server.refuse("RCPT", 552, "5.2.2 The recipient's mailbox is over quota", to="bob")
    send_emails()
    assert sorted(mail_server.recipients) == ["alice@example.org", "charlie@example.org"]
    assert "mailbox" in why_not(pending[1])


def test_b10_several_emails_refused_in_a_row_are_the_servers_trouble(pending, mail_server):
    mail_server.refuse("RCPT", 550, "go away")
    send_emails()
    part = OutboxPart.objects.get(name=parts.EMAIL)
    assert "several e-mails in a row" in part.issue

    mail_server.mend()
    pass_time(minutes=2)
    send_emails()
    assert states() == {"sent"}
    assert len(mail_server.emails) == 3


def test_an_address_that_is_none_stops_no_one_else(pending, mail_server):
    alice = pending[0]
    type(alice).objects.filter(pk=alice.pk).update(email="a@example.org\nBcc: b@example.org")
    send_emails()
    assert sorted(mail_server.recipients) == ["bob@example.org", "charlie@example.org"]
    assert why_not(alice).startswith("The message cannot be formatted as an e-mail")
    assert OutboxPart.objects.count() == 0


def test_an_email_refused_for_now_is_tried_again_later_and_later(pending, mail_server):
    alice = pending[0]
    mail_server.refuse("RCPT", 451, "greylisted", to=alice.email)
    waits = []
    for _ in range(3):
        before = clock.now()
        send_emails()
        waits.append(round((alice.messages.get().next_try_at - before).total_seconds() / 60))
        pass_time(hours=7)
    assert waits == [1, 2, 4]

    mail_server.mend()
    send_emails()
    assert mail_server.recipients.count(alice.email) == 1


def test_refused_content_is_reported_with_the_servers_text(pending, mail_server):
    alice = pending[0]
    mail_server.refuse("CONTENT", 554, "looks like spam", to=alice.email)
    send_emails()
    assert why_not(alice) == "The mail server rejects the message: 554 looks like spam"
    assert len(mail_server.emails) == 2


def test_a_lost_answer_leads_to_the_same_email_again(pending, mail_server):
    """The one case that cannot be excluded: the e-mail was taken, and the answer was lost."""
    Message.objects.exclude(user=pending[0]).delete()
    mail_server.hang_up("TAKEN")
    send_emails()
    assert Message.objects.get().state == "sending"
    Message.objects.update(context={"said": "Something else"})

    mail_server.mend()
    pass_time(minutes=2)
    send_emails()
    first, second = mail_server.emails
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Date"] == second["Date"]
    assert first.get_body(("plain",)).get_content() == second.get_body(("plain",)).get_content()
    assert Message.objects.get().state == "sent"


def test_an_email_at_which_the_server_always_hangs_up_stops_no_one_for_long(pending, mail_server):
    first = Message.objects.order_by("due_at", "pk")[0].user
    mail_server.rules.append(lambda verb, to: "" if verb == "DATA" and to == first.email else None)
    send_emails()
    assert mail_server.emails == []
    OutboxPart.objects.update(retry_at=None)
    send_emails()
    assert sorted(mail_server.recipients) == sorted({p.email for p in pending} - {first.email})


def test_a_connection_that_the_server_has_closed_costs_nothing(pending, mail_server):
    closed = iter([None, None, ""])
    mail_server.rules.append(lambda verb, _: next(closed, None) if verb == "NOOP" else None)
    send_emails()
    assert states() == {"sent"}
    assert len(mail_server.emails) == 3
    assert OutboxPart.objects.count() == 0


def test_an_email_that_cannot_be_rendered_stops_no_one_else(pending, mail_server):
    alice = pending[0]
    alice.messages.update(context={"n": 0})
    send_emails()
    assert len(mail_server.emails) == 2
    assert why_not(alice).startswith("The text cannot be rendered")


def test_nothing_is_sent_while_another_installation_is_suspected(pending, mail_server, settings):
    settings.INSTALLATION_ID = "another"
    send_emails()
    assert mail_server.emails == []
    assert states() == {"pending"}


def test_nothing_is_sent_that_was_due_before_the_decision_about_the_installation(
    pending, mail_server, now
):
    Installation.objects.update(quiet_before=now)
    send_emails()
    assert mail_server.emails == []


def test_nothing_is_sent_while_an_upper_floor_forbids_it(pending, mail_server, registered):
    registered.only(holds, forbid)
    send_emails()
    assert mail_server.emails == []


def forbid() -> str:
    return "Not now."


def test_nothing_is_sent_past_its_cutoff(pending, mail_server, now):
    Message.objects.update(cutoff_at=now - timedelta(seconds=1))
    send_emails()
    assert mail_server.emails == []


def test_a_round_that_is_over_says_that_something_is_left(pending, mail_server):
    assert rounds.send_round(seconds=-1)
    assert not rounds.send_round()


def test_the_date_is_that_of_the_first_try(pending, mail_server, now):
    send_emails()
    written = parsedate_to_datetime(mail_server.emails[0]["Date"])
    assert abs(written - clock.now()) < timedelta(seconds=30)


def test_a_part_that_fails_for_an_hour_is_an_alarm(pending, now):
    parts.record_failure("email", "It is down.", now=now)
    parts.record_failure("email", "It is down.", now=now + timedelta(minutes=50))
    assert not find_alarms(now + timedelta(minutes=59))
    (alarm,) = find_alarms(now + timedelta(minutes=60))
    assert (alarm.name, alarm.sentence) == ("email", "It is down.")
    parts.record_success("email")
    assert not OutboxPart.objects.exclude(failing_since=None).exists()


def test_a_pause_after_a_failure_ends(pending, now):
    parts.record_failure("email", "It is down.", now=now)
    assert parts.is_waiting("email", now=now)
    assert not parts.is_waiting("email", now=now + parts.RETRY)
