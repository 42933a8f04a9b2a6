from django.apps import AppConfig


class GuestVisitsConfig(AppConfig):
    name = "guestvisits"
    verbose_name = "Guest visits"

    def ready(self) -> None:
        from cohorts.activity.registry import register_kinds
        from cohorts.needs.registry import NeedKind, need_kinds
        from cohorts.steps.registry import step_kinds
        from guestvisits import receivers  # noqa: F401 - connects them
        from guestvisits.breaks.break_steps import SkipWeeks, UndoBreak
        from guestvisits.consequences import find_consequences
        from guestvisits.ending.cohort_over import COHORT_OVER, find_cohorts_over
        from guestvisits.ending.end_steps import EndCohort, ReopenCohort
        from guestvisits.merging.merge_step import MergeGroups
        from guestvisits.messages import (  # noqa: F401 - registers them
            access_emails,
            archive_post,
            channel_posts,
            corrections,
            emails,
            substitutes,
        )
        from guestvisits.selectors import find_absences
        from guestvisits.set_up_status import find_lines, set_up_lines
        from guestvisits.substitutes.no_facilitator import NO_FACILITATOR, find_no_facilitator
        from guestvisits.substitutes.selectors import find_substitutes
        from guestvisits.substitutes.thin_meetings import THIN_MEETING, find_thin_meetings
        from meetings.moving.preview import consequences
        from meetings.registries import absences, leaders

        absences.register(find_absences)
        need_kinds.register(
            NeedKind(NO_FACILITATOR, "No facilitator", find_no_facilitator), order=20
        )
        need_kinds.register(NeedKind(THIN_MEETING, "Thin meeting", find_thin_meetings), order=40)
        need_kinds.register(NeedKind(COHORT_OVER, "Cohort over", find_cohorts_over), order=90)
        leaders.register(find_substitutes)
        step_kinds.register(MergeGroups())
        consequences.register(find_consequences)
        step_kinds.register(EndCohort())
        step_kinds.register(ReopenCohort())
        step_kinds.register(SkipWeeks())
        step_kinds.register(UndoBreak())
        set_up_lines.register(find_lines, order=10)
        register_kinds(
            {
                "visit_booked": "Visit booked",
                "visit_ended": "Visit ended",
                "visit_home_changed": "Visit now in place of another group's meeting",
                "substitute_requested": "Substitute requested",
                "substitute_asked": "Asked to lead a meeting",
                "substitute_answered": "Answered whether they lead the meeting",
                "substitute_returned": "Leads the meeting after all",
                "substitute_named": "Substitute named",
                "substitution_ended": "Search for a substitute ended",
            }
        )
