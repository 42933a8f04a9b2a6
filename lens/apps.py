import gc

from django.apps import AppConfig
from django.conf import settings


class LensConfig(AppConfig):
    name = "lens"
    verbose_name = "Lens"

    def ready(self) -> None:
        gc.freeze()  # all models and settings, which stay as long as the process
        gc.enable()  # it is off while manage.py loads
        from cohorts.activity.registry import register_kinds
        from lens import checks  # noqa: F401 - registers them
        from lens.frame.roles import connect_roles
        from lens.reporting.sentry import start_reporting
        from lens.sign_in import receivers  # noqa: F401 - connects them
        from lens.view_as.viewing import VIEWED_AS

        connect_roles()
        start_reporting(settings.SENTRY_DSN, installation=settings.INSTALLATION_ID)
        register_kinds(
            {
                VIEWED_AS: "Pages viewed as this person",
                "item_snoozed": "Item of the Today page hidden",
                "item_shown_again": "Item of the Today page shown again",
                "erasure_requested": "Erasure requested",
                "erasure_withdrawn": "Request for erasure withdrawn",
                "erasure_approved": "Erasure approved",
                "erased": "Personal data erased",
            }
        )
