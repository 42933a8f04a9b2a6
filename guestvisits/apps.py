from django.apps import AppConfig


class GuestVisitsConfig(AppConfig):
    name = "guestvisits"
    verbose_name = "Guest visits"

    def ready(self) -> None:
        from guestvisits import receivers  # noqa: F401 - connects them
        from guestvisits.breaks import BREAK_RULES
        from guestvisits.consequences import find_consequences
        from guestvisits.messages import (  # noqa: F401 - registers them
            access,
            channels,
            corrections,
            emails,
            substitutes,
        )
        from guestvisits.selectors import find_absences
        from guestvisits.set_up import find_lines, set_up_lines
        from meetings.absences import absences
        from meetings.breaks.visits import visit_rules
        from meetings.moving.preview import consequences

        absences.register(find_absences)
        consequences.register(find_consequences)
        visit_rules.register(BREAK_RULES)
        set_up_lines.register(find_lines, order=10)
