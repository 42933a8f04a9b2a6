"""What the connection check says of Google Calendar."""

from calendarsync.connection_check import check, settings_shown

KEY = {"client_email": "lens@project.example", "private_key": "secret words"}


def test_a_service_account_without_a_subject_is_reported_as_unable_to_invite(settings):
    settings.GOOGLE_CREDENTIALS, settings.GOOGLE_CALENDAR_SUBJECT = KEY, ""
    (line,) = check()
    assert not line.ok
    assert "GOOGLE_CALENDAR_SUBJECT" in line.detail


def test_with_a_subject_there_is_nothing_to_report(settings):
    settings.GOOGLE_CREDENTIALS, settings.GOOGLE_CALENDAR_SUBJECT = KEY, "olga@example.org"
    assert check() == ()


def test_what_is_set_is_shown_without_a_secret(settings):
    settings.GOOGLE_CREDENTIALS = KEY
    shown = settings_shown()
    assert "lens@project.example" in shown.values()
    assert "secret words" not in str(shown)
