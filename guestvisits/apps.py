from django.apps import AppConfig


class GuestVisitsConfig(AppConfig):
    name = "guestvisits"
    verbose_name = "Guest visits"

    def ready(self) -> None:
        from cohorts.steps.registry import step_kinds
        from guestvisits import receivers  # noqa: F401 - connects them
        from guestvisits.breaks import BREAK_RULES
        from guestvisits.consequences import find_consequences
        from guestvisits.ending import messages  # noqa: F401 - it registers what it contains
        from guestvisits.ending.kinds import EndCohort, ReopenCohort
        from guestvisits.merging.kinds import MergeGroups
        from guestvisits.messages import (  # noqa: F401 - registers them
            access,
            channels,
            corrections,
            emails,
            substitutes,
        )
        from guestvisits.selectors import find_absences
        from guestvisits.set_up_status import find_lines, set_up_lines
        from meetings.absences import absences
        from meetings.breaks.visit_effects import visit_rules
        from meetings.moving.preview import consequences

        absences.register(find_absences)
        step_kinds.register(MergeGroups())
        consequences.register(find_consequences)
        step_kinds.register(EndCohort())
        step_kinds.register(ReopenCohort())
        visit_rules.register(BREAK_RULES)
        set_up_lines.register(find_lines, order=10)
