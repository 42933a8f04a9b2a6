"""The admin of other packages: allauth's tables are removed, and the queue is read-only.

allauth's tables stay empty, or hold secrets and sessions. A row of the queue that staff could write
would be code that runs.
"""

from typing import Any

from allauth.account import admin as account_admin  # noqa: F401 - registers first
from allauth.account.models import EmailAddress
from allauth.mfa import admin as mfa_admin  # noqa: F401
from allauth.mfa.models import Authenticator
from allauth.socialaccount import admin as social_admin  # noqa: F401
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.usersessions import admin as usersessions_admin  # noqa: F401
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django_q import admin as library  # registers its own classes, which are replaced here
from django_q.models import Failure, OrmQ, Schedule, Success

from cohorts.admin_base.base import ReadOnlyAdmin
from cohorts.models import ErasureRequest
from lens.watch.task_list import UnreadablePackage, read_package

admin.site.unregister(
    [Authenticator, EmailAddress, SocialAccount, SocialApp, SocialToken, UserSession]
)
admin.site.unregister([Failure, OrmQ, Schedule, Success])


@admin.register(Schedule)
class ScheduleAdmin(ReadOnlyAdmin, library.ScheduleAdmin):
    pass


@admin.register(Success)
class SuccessAdmin(ReadOnlyAdmin, library.TaskAdmin):
    actions = ()


@admin.register(Failure)
class FailureAdmin(ReadOnlyAdmin, library.FailAdmin):
    actions = ()


@admin.register(OrmQ)
class QueueAdmin(ReadOnlyAdmin):
    list_display = ["id", "key", "what", "lock"]
    list_filter = ["key"]
    fields = ["key", "what", "lock"]

    @admin.display(description="function")
    def what(self, row: OrmQ) -> str:
        try:
            return str(read_package(row.payload).get("func"))
        except UnreadablePackage:
            return "It cannot be read."


@admin.register(ErasureRequest)
class ErasureRequestAdmin(ReadOnlyAdmin):
    list_display = ["user", "state", "asked_at", "approved_at", "done_at"]
    list_filter = ["state"]
    list_select_related = ["user"]
    fields = ["user", "state", "asked_at", "approved_by", "approved_at", "done_at"]
    readonly_fields = ["next_step"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [*self.fields, *(["next_step"] if request.user.is_superuser else [])]

    @admin.display(description="next step")
    def next_step(self, row: ErasureRequest) -> str:
        return format_html('<a href="{}">Erase …</a>', reverse("erase-person", args=[row.user_id]))
