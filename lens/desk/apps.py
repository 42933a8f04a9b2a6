from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "lens.desk"
    label = "desk"
    verbose_name = "Today"
