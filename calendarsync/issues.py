"""The issues that the calendar can have, and what to do about each."""

from cohorts.reconcile.values import IssueText

ISSUES: dict[str, IssueText] = {
    # -- of one group ------------------------------------------------------------------------
    "series_gone": IssueText(
        "The group's series was deleted in Google Calendar, and everyone's invitation with it.",
        "Restore it from the calendar's trash within 30 days, or press “Recreate”, which invites "
        "everyone again.",
        needs_person=True,
        remedy="recreate",
    ),
    "series_split": IssueText(
        "The group's series was split in Google Calendar (“this and all following events”). Lens "
        "keeps the guests of both parts up to date and changes nothing else.",
        "Delete both parts in Google Calendar, then press “Recreate”. To move a single meeting, "
        "move it in Lens.",
        needs_person=True,
        remedy="recreate",
    ),
    "series_continued": IssueText(
        "Another series in Google Calendar holds later meetings of the group: someone changed "
        "“this and all following events” there, or copied the series. Lens leaves the other series "
        "as it is, so its guests stay on it although they leave the group.",
        "Delete the other series in Google Calendar. If it replaced meetings of the group's own "
        "series, delete that too and press “Recreate”. To move a single meeting, move it in Lens.",
        needs_person=True,
        remedy="recreate",
    ),
    "series_edited": IssueText(
        "The times of the group's series were changed in Google Calendar.",
        "Change them back in Google Calendar, or delete the series there and press “Recreate”. To "
        "move a single meeting, move it in Lens.",
        needs_person=True,
        remedy="recreate",
    ),
    "mismatched_series": IssueText(
        "None of the group's meetings is at a time of the series that was entered for it.",
        "Compare the group's weekly time with the series. If the wrong series was entered, delete "
        "it in Google Calendar and press “Recreate”.",
        needs_person=True,
        remedy="recreate",
    ),
    "attendees_omitted": IssueText(
        "Google did not list all invited people, so the list was left as it is.",
        "Check in Google Calendar whether the event has more guests than it shows.",
        needs_person=True,
    ),
    "no_meetings_ahead": IssueText(
        "All meetings of the group are over, so no series is created.",
        "Correct the cohort's start date or number of meetings, or withdraw the request.",
        needs_person=True,
    ),
    "id_taken": IssueText(
        "The ID chosen for the event was used before by an event that no longer exists.",
        "Press “Recreate”. The new event gets another ID.",
        needs_person=True,
        remedy="recreate",
    ),
    "no_occurrence": IssueText(
        "A date is missing from the group's series in Google Calendar.",
        "Check the series in Google Calendar. If it is broken, delete it and press “Recreate”.",
        needs_person=True,
        remedy="recreate",
    ),
    "address_refused": IssueText(
        "Google Calendar does not accept a person's e-mail address, so they are not invited. "
        "Everyone else is.",
        "Correct the person's address. If it is correct, delete its entry under “Addresses in "
        "Google Calendar”. Lens then tries again.",
        needs_person=True,
    ),
    "not_kept": IssueText(
        "Google accepted a change but saved something else, so sending it again would not help.",
        "Compare the people's addresses in Lens with the guests that Google Calendar shows, and "
        "correct them in Lens.",
        needs_person=True,
    ),
    # -- of the calendar ---------------------------------------------------------------------
    "no_delegation": IssueText(
        "The service account is not allowed to invite people.",
        "In the Google Workspace admin console, give its client ID domain-wide delegation for "
        "https://www.googleapis.com/auth/calendar.events, and set GOOGLE_CALENDAR_SUBJECT to a "
        "user of the domain.",
        needs_person=True,
    ),
    "no_calendar": IssueText(
        "The calendar in GOOGLE_CALENDAR_ID does not exist, or Lens is not allowed to see it.",
        "Check GOOGLE_CALENDAR_ID, and share the calendar with the account that Lens uses.",
        needs_person=True,
    ),
    "calendar_read_only": IssueText(
        "Lens can read the calendar but not change it.",
        "Share the calendar with the account that Lens uses, with the permission “Make changes to "
        "events”.",
        needs_person=True,
    ),
    "scope_missing": IssueText(
        "The credentials do not allow Lens to work with events.",
        "Grant the scope https://www.googleapis.com/auth/calendar.events.",
        needs_person=True,
    ),
    "api_off": IssueText(
        "The Google Calendar API is turned off in the project that the credentials belong to.",
        "Turn it on in the Google Cloud console.",
        needs_person=True,
    ),
    "credentials_refused": IssueText(
        "Google refused the credentials.",
        "Create a new key for the service account, and set GOOGLE_CALENDAR_CREDENTIALS_FILE or "
        "GOOGLE_CALENDAR_CREDENTIALS_JSON to it.",
        needs_person=True,
    ),
    "no_credentials": IssueText(
        "There are no Google credentials.",
        "Set GOOGLE_CALENDAR_CREDENTIALS_FILE or GOOGLE_CALENDAR_CREDENTIALS_JSON.",
        needs_person=True,
    ),
    "google_answer": IssueText(
        "Google Calendar returned an unexpected response.",
        "No action needed yet: Lens tries again every minute. If this continues, check that "
        "nothing between this machine and Google (a proxy, a network's sign-in page) responds "
        "instead.",
    ),
    "google_endless": IssueText(
        "Google Calendar's list of events is too long to read.",
        "No action needed yet: Lens reads it again every 10 minutes. If this continues, check that "
        "GOOGLE_CALENDAR_ID is a calendar that only Lens writes to.",
    ),
    "quota": IssueText(
        "Google accepts no more invitations for now: the calendar's quota is used up.",
        "Wait a few hours. Lens tries again every 15 minutes. Many new invitations at once use up "
        "the quota.",
    ),
}
