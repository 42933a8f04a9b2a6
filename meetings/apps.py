from django.apps import AppConfig


class MeetingsConfig(AppConfig):
    name = "meetings"
    verbose_name = "Meetings"

    def ready(self) -> None:
        from cohorts.activity.registry import register_kinds
        from cohorts.needs.registry import NeedKind, need_kinds
        from cohorts.services.terms import term_previews
        from meetings import receivers  # noqa: F401 - connects them

        # Imported because they register what they contain.
        from meetings.messages import changes, departures, reminders, rsvp_requests  # noqa: F401
        from meetings.moving.term_preview import preview_terms
        from meetings.needs.at_risk import AT_RISK, find_people_at_risk
        from meetings.needs.clock_changes import CLOCK_CHANGE, find_clock_changes
        from meetings.needs.meetings_in_question import WAS_HELD, find_meetings_in_question
        from meetings.writing import staff_letter  # noqa: F401

        need_kinds.register(NeedKind(CLOCK_CHANGE, "Clock change", find_clock_changes), order=110)
        need_kinds.register(NeedKind(AT_RISK, "At risk", find_people_at_risk), order=55)
        need_kinds.register(
            NeedKind(WAS_HELD, "Was this held?", find_meetings_in_question), order=65
        )
        term_previews.register(preview_terms)
        register_kinds(
            {
                "meetings_moved": "Meetings moved or cancelled",
                "meetings_derived": "Meetings computed from the weekly time",
                "answered": "Answered whether they attend",
                "answers_read": "Answers read from Google Calendar",
                "presence_corrected": "Attendance corrected",
                "was_held_answered": "Answered whether the meeting was held",
                "risks_dismissed": "At-risk signals dismissed",
                "feed_opened": "Calendar address created",
                "feed_revoked": "Calendar address revoked",
                "letter_sent": "Letter sent",
            }
        )
