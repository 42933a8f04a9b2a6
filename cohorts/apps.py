from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.urls import register_converter


class CohortsConfig(AppConfig):
    name = "cohorts"
    verbose_name = "Cohorts"

    def ready(self) -> None:
        from cohorts import outages, receivers  # noqa: F401
        from cohorts.activity.entries import entry_links
        from cohorts.activity.kinds import KINDS
        from cohorts.activity.registry import register_kinds
        from cohorts.needs import group_needs as needs
        from cohorts.needs.registry import NeedKind, need_kinds
        from cohorts.steps import messages  # noqa: F401 - registers them
        from cohorts.steps.failing import FAILING_STEP, find_failing_steps
        from cohorts.steps.step_links import link_steps
        from cohorts.validators import IdConverter

        register_converter(IdConverter, "id")
        # Worst first, as on the Today page; other apps' kinds come between them.
        need_kinds.register(
            NeedKind(FAILING_STEP, "Change not carried out", find_failing_steps), order=15
        )
        need_kinds.register(
            NeedKind(needs.THIN_GROUP, "Thin group", needs.find_thin_groups), order=30
        )
        need_kinds.register(NeedKind(needs.NO_GROUP, "No group", needs.find_no_group), order=70)
        need_kinds.register(NeedKind(needs.NO_SLOT, "No weekly time", needs.find_no_slot), order=80)
        register_kinds(KINDS)
        connection_created.connect(outages.note_connection)
        entry_links.register(link_steps)
