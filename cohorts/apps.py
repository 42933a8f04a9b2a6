from django.apps import AppConfig


class CohortsConfig(AppConfig):
    name = "cohorts"
    verbose_name = "Cohorts"

    def ready(self) -> None:
        from cohorts import receivers  # noqa: F401
        from cohorts.steps import messages  # noqa: F401 - registers them
