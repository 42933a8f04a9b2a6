from django.apps import AppConfig


class CalendarSyncConfig(AppConfig):
    name = "calendarsync"
    verbose_name = "Google Calendar"
