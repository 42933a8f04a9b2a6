"""Admin for the installation row.  Staff confirm the installation on the admin's start page."""

from django.contrib import admin

from cohorts.admin_base.base import ReadOnlyAdmin
from cohorts.models import Installation


@admin.register(Installation)
class InstallationAdmin(ReadOnlyAdmin):
    list_display = [
        "installation_id",
        "accepted_as",
        "first_started_at",
        "quiet_before",
        "silenced_at",
    ]
