from django.apps import AppConfig


class GuestVisitsConfig(AppConfig):
    name = "guestvisits"
    verbose_name = "Guest visits"

    def ready(self) -> None:
        from guestvisits import receivers  # noqa: F401
