"""The issues that the calendar can have, and what to do about each."""

from __future__ import annotations

from cohorts.sync.troubles import TroubleText

TROUBLES: dict[str, TroubleText] = {
    # -- of one group ------------------------------------------------------------------------
    "series_gone": TroubleText(
        "The group's series was deleted in Google Calendar, and everybody's invitation with it.",
        "Restore it from the calendar's bin within 30 days, or press “Make it anew”, which "
        "invites everybody again.",
        needs_person=True,
        remedy="make_anew",
    ),
    "series_split": TroubleText(
        "The group's series was split in Google Calendar (“this and all following events”).",
        "Delete both parts in Google Calendar, then press “Make it anew”; to move a single "
        "meeting, move it here.",
        needs_person=True,
        remedy="make_anew",
    ),
    "series_edited": TroubleText(
        "The times of the group's series were changed in Google Calendar.",
        "Change them back there, or delete the series and press “Make it anew”; to move a single "
        "meeting, move it here.",
        needs_person=True,
        remedy="make_anew",
    ),
    "strange_series": TroubleText(
        "The series that was entered for the group has no place for any of its meetings.",
        "Compare the group's slot with the series. If the wrong one was entered, delete it in "
        "Google Calendar and press “Make it anew”.",
        needs_person=True,
        remedy="make_anew",
    ),
    "attendees_omitted": TroubleText(
        "Google did not tell all people who are invited, so the list is left as it is.",
        "Look in Google Calendar whether the event has more guests than it shows.",
        needs_person=True,
    ),
    "no_meetings_ahead": TroubleText(
        "All meetings of the group are over, so no series is made.",
        "Correct the cohort's start date or number of meetings, or withdraw the request.",
        needs_person=True,
    ),
    "id_taken": TroubleText(
        "The id chosen for the event has been used before, by something that is not there any "
        "more.",
        "Press “Make it anew”; the next one gets another id.",
        needs_person=True,
        remedy="make_anew",
    ),
    "no_occurrence": TroubleText(
        "Google does not know an occurrence that the group's series should have.",
        "Look at the series in Google Calendar; if it is broken, delete it and press “Make it "
        "anew”.",
        needs_person=True,
        remedy="make_anew",
    ),
    "address_refused": TroubleText(
        "Google Calendar does not accept a person's e-mail address, so they are not invited. "
        "Everyone else is.",
        "Correct the person's address. If it is right, delete its entry under “Addresses in Google "
        "Calendar”, and it is tried again.",
        needs_person=True,
    ),
    "not_kept": TroubleText(
        "Google took a change and kept something else, so sending it again would not help.",
        "Compare the people's addresses with what the event shows in Google Calendar, and correct "
        "them here.",
        needs_person=True,
    ),
    # -- of the calendar ---------------------------------------------------------------------
    "no_delegation": TroubleText(
        "The service account may not invite people.",
        "In the Google Workspace admin console, give its client id domain-wide delegation for "
        "https://www.googleapis.com/auth/calendar.events, and set GOOGLE_CALENDAR_SUBJECT to a "
        "user of the domain.",
        needs_person=True,
    ),
    "no_calendar": TroubleText(
        "Google knows no calendar with the id in GOOGLE_CALENDAR_ID, or we may not see it.",
        "Check GOOGLE_CALENDAR_ID, and share the calendar with the account that Lens uses.",
        needs_person=True,
    ),
    "calendar_read_only": TroubleText(
        "We may read the calendar but not change it.",
        "Share the calendar with the right “Make changes to events”.",
        needs_person=True,
    ),
    "scope_missing": TroubleText(
        "The credentials do not allow Lens to work with events.",
        "Grant the scope https://www.googleapis.com/auth/calendar.events.",
        needs_person=True,
    ),
    "api_off": TroubleText(
        "The Google Calendar API is switched off in the project that the credentials belong to.",
        "Switch it on in the Google Cloud console.",
        needs_person=True,
    ),
    "credentials_refused": TroubleText(
        "Google refused the credentials.",
        "Make a new key for the service account, and set GOOGLE_CALENDAR_CREDENTIALS_FILE or "
        "GOOGLE_CALENDAR_CREDENTIALS_JSON to it.",
        needs_person=True,
    ),
    "no_credentials": TroubleText(
        "There are no Google credentials.",
        "Set GOOGLE_CALENDAR_CREDENTIALS_FILE or GOOGLE_CALENDAR_CREDENTIALS_JSON.",
        needs_person=True,
    ),
    "google_answer": TroubleText(
        "Google Calendar did not answer in the expected form.",
        "Nothing to do at first: it is tried again every minute. If it goes on, check that nothing "
        "between this machine and Google (a proxy, a sign-in page of the network) answers instead.",
    ),
    "google_endless": TroubleText(
        "Google Calendar's list of events does not end.",
        "Nothing to do at first: it is read again every ten minutes. If it goes on, check that "
        "GOOGLE_CALENDAR_ID names a calendar that only Lens fills.",
    ),
    "quota": TroubleText(
        "Google takes no more invitations for now: the calendar's quota is used up.",
        "Nothing to do but wait some hours: it is tried again every quarter of an hour. Many new "
        "invitations at once use it up.",
    ),
}
