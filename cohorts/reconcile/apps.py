from django.apps import AppConfig


class SyncConfig(AppConfig):
    name = "cohorts.reconcile"
    label = "sync"
    verbose_name = "Sync"

    def ready(self) -> None:
        from cohorts.activity.registry import register_kinds
        from cohorts.needs.items import SILENT
        from cohorts.needs.registry import NeedKind, need_kinds
        from cohorts.outbox.holds import holds
        from cohorts.reconcile import messages, services  # noqa: F401 - it receives signals
        from cohorts.reconcile.drift.drift_decisions import DRIFT_DECIDED
        from cohorts.reconcile.ui import deleted_outside
        from cohorts.reconcile.ui.not_set_up import NOT_SET_UP, find_not_set_up
        from cohorts.reconcile.ui.silent import find_silent
        from cohorts.reconcile.workers import checks  # noqa: F401 - registers them

        holds.register(messages.why_held)
        register_kinds({DRIFT_DECIDED: "Decided about a change outside Lens"})
        need_kinds.register(NeedKind(SILENT, "Not working", find_silent), order=10)
        need_kinds.register(NeedKind(NOT_SET_UP, "Not set up", find_not_set_up), order=18)
        need_kinds.register(
            NeedKind(
                deleted_outside.DELETED_OUTSIDE,
                "Deleted outside",
                deleted_outside.find_deleted_outside,
            ),
            order=130,
        )
        need_kinds.register(
            NeedKind(deleted_outside.RENAMED, "Renamed", deleted_outside.find_harmless), order=140
        )
