"""The sentence about a calendar's e-mails, and what is shown without a calendar."""

import pytest

from meetings.moving import moves
from meetings.moving.forecasts import MailForecast, MovedGroup, forecast_mails, mail_forecasts
from meetings.moving.preview import preview_move

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("forecast", "sentence"),
    [
        (MailForecast("Google"), "Google sends no e-mails."),
        (MailForecast("Google", 1), "Google sends 1 e-mail: 1 invitation."),
        (
            MailForecast("Google", 6, 1, 12, at_most=True),
            "Google sends up to 19 e-mails: 6 invitations, 1 update and 12 cancellations.",
        ),
    ],
)
def test_the_sentence_names_the_kinds_that_are_sent(forecast, sentence):
    assert forecast.sentence == sentence


def test_a_calendar_is_given_the_group_as_it_will_be(academy, registered):
    found: list[MovedGroup] = []
    registered.only(mail_forecasts, lambda moved, _now: found.extend(moved))
    meeting = academy.meeting("A", 2)
    move = moves.PutLast(meeting.pk)
    assert forecast_mails(move, academy.now) == []
    (moved,) = found
    assert moved.changes == preview_move(move, now=academy.now).changes
    assert [m.starts_at for m in moved.meetings if m.id == meeting.pk] != [meeting.starts_at]
    assert academy.meeting("A", 2).starts_at == meeting.starts_at, "nothing is written"
