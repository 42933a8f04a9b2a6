"""Admin of synchronization: sync status of cohorts and groups, and read-only tables."""

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db.models import F, Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from cohorts import clock
from cohorts.admin.courses import CohortAdmin
from cohorts.admin.groups import GroupAdmin
from cohorts.admin_base.base import ReadOnlyAdmin, TextFilter
from cohorts.admin_base.links import PageList, cohort_url
from cohorts.models import Cohort, Group, User, live_group
from cohorts.reconcile import services
from cohorts.reconcile.issues import UNKNOWN, find_issue
from cohorts.reconcile.models import (
    GroupSync,
    ProviderState,
    RealizeRequest,
    SyncAction,
    SyncRun,
    WorkerHeartbeat,
)
from cohorts.reconcile.selectors import (
    QUIET,
    describe_cohorts,
    describe_groups,
    live_groups,
    places_with_issues,
    read_context,
)
from cohorts.reconcile.status_text import Level
from cohorts.reconcile.ui.plan_pages import start_plan
from cohorts.reconcile.ui.staff import PERMISSION
from cohorts.words import count

PLACE = '<div>{}: <span class="lens-state lens-{}">{}</span></div>'


class CohortList(PageList):
    """The list of cohorts, which leads to their pages in place of the admin's form."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.reader = cast(User, request.user)

    def url_for_result(self, result: Model) -> str:
        return cohort_url(self.reader, result.pk)


class StatusAdmin(admin.ModelAdmin):
    def has_realize_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(PERMISSION)


admin.site.unregister(Cohort)
admin.site.unregister(Group)


@admin.register(Cohort)
class CohortStatusAdmin(StatusAdmin, CohortAdmin):
    """Cohorts with their sync status and buttons, those with the most issues first."""

    list_display = ["title", "how_far", "doors", "start_date", "status"]
    list_per_page = 30
    export_instead = {"title": ("name", "course")}
    actions = ["realize"]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return CohortList

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        return [places_with_issues().desc(), "-start_date", "name"]

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        if self.has_realize_permission(request):
            return self.list_display
        return [name for name in self.list_display if name != "doors"]

    def complete_rows(self, rows: list[Any]) -> None:
        views = describe_cohorts([cohort.pk for cohort in rows], read_context(clock.now()))
        for cohort in rows:
            cohort.view = views[cohort.pk]

    @admin.display(description="name", ordering="name")
    def title(self, cohort: Cohort) -> SafeString:
        return format_html('{}<div class="lens-quiet">{}</div>', cohort, cohort.course)

    @admin.display(description="sync status", ordering=places_with_issues())
    def how_far(self, cohort: Any) -> SafeString:
        return render_to_string("admin/sync/parts/cohort.html", {"view": cohort.view})

    @admin.display(description="")
    def doors(self, cohort: Any) -> SafeString:
        """Return a button that submits the change list's own form, while there is something to set
        up, and a link."""
        button = format_html(
            '<button type="submit" class="button lens-button" formaction="{}" '
            'aria-label="Realize {}">Realize</button> ',
            reverse("sync:plan_cohort", args=[cohort.pk]),
            cohort,
        )
        link = format_html('<a href="{}">Progress</a>', reverse("sync:progress", args=[cohort.pk]))
        return link if all(each.is_set_up for each in cohort.view.groups) else button + link

    @admin.action(description="Realize (preview first)", permissions=["realize"])
    def realize(self, request: HttpRequest, queryset: QuerySet[Cohort]) -> HttpResponse:
        groups = live_groups(list(queryset.values_list("pk", flat=True)))
        ids = list(groups.values_list("pk", flat=True))
        return start_plan(request, ids, as_if_requested=True, back=request.get_full_path())


@admin.register(Group)
class GroupStatusAdmin(StatusAdmin, GroupAdmin):
    list_display = [*GroupAdmin.list_display, "how_far"]
    actions = ["realize", "check_now", "withdraw"]

    def complete_rows(self, rows: list[Any]) -> None:
        views = describe_groups(rows, read_context(clock.now()))
        for group, view in zip(rows, views, strict=True):
            group.view = view

    @admin.display(description="sync status")
    def how_far(self, group: Any) -> SafeString:
        shown = [place for place in group.view.places if place.status.level != Level.OFF]
        return format_html_join(
            "", PLACE, ((p.provider.title, p.status.level.css, p.status.words) for p in shown)
        )

    @admin.action(description="Realize (preview first)", permissions=["realize"])
    def realize(self, request: HttpRequest, queryset: QuerySet[Group]) -> HttpResponse:
        ids = list(queryset.filter(live_group()).values_list("pk", flat=True))
        return start_plan(request, ids, as_if_requested=True, back=request.get_full_path())

    @admin.action(description="Check now", permissions=["realize"])
    def check_now(self, request: HttpRequest, queryset: QuerySet[Group]) -> None:
        ids = list(queryset.values_list("pk", flat=True))
        services.request_sync(ids)
        messages.success(request, f"{count(len(ids), 'group')} will be checked shortly.")

    @admin.action(description="Withdraw realize request", permissions=["realize"])
    def withdraw(self, request: HttpRequest, queryset: QuerySet[Group]) -> None:
        number = services.withdraw_request(queryset.values_list("pk", flat=True))
        done = f"Withdrawn for {count(number, 'group')}. What was already created stays."
        messages.success(request, done)


# -- tables that only the reconciler writes ------------------------------------------------------


class OutOfSyncFilter(admin.SimpleListFilter):
    title = "sync status"
    parameter_name = "out_of_sync"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Out of sync"), ("due", "Due now"), ("asked", "Realize requested")]

    def queryset(self, request: Any, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "yes":
                return queryset.exclude(issue__in=QUIET)
            case "due":
                return queryset.filter(generation__gt=F("observed_generation"))
            case "asked":
                return queryset.filter(realize_requested_at__isnull=False)
        return queryset


class IssueFilter(TextFilter):
    def show_text(self, text: str) -> str:
        issue = find_issue(text)
        return super().show_text(text) if issue == UNKNOWN else issue.sentence


class IssueAdmin(ReadOnlyAdmin):
    @admin.display(description="issue", ordering="issue")
    def said(self, row: GroupSync | ProviderState) -> str:
        """Return the issue's sentence and detail, or an empty text."""
        sentence = find_issue(row.issue).sentence if row.issue else ""
        return f"{sentence} {row.issue_detail}".strip()


@admin.register(GroupSync)
class GroupSyncAdmin(IssueAdmin):
    list_display = ["group", "provider", "said", "next_at", "failures", "ready_at", "sync_since"]
    list_filter = [OutOfSyncFilter, "provider", ("issue", IssueFilter), "group__cohort"]
    list_select_related = ["group"]
    search_fields = ["group__name", "group__cohort__name"]
    ordering = ["group", "provider"]


@admin.register(ProviderState)
class ProviderStateAdmin(IssueAdmin):
    list_display = ["provider", "scope", "said", "holder", "last_seen_at", "retry_at", "paused_at"]
    exclude = ["cursor"]


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnlyAdmin):
    list_display = ["started_at", "provider", "mode", "ended_at", "requested_by", "details"]
    list_filter = ["provider", "mode", "started_at"]
    list_select_related = ["requested_by"]
    date_hierarchy = "started_at"

    @admin.display(description="")
    def details(self, run: SyncRun) -> SafeString:
        if run.mode == SyncRun.Mode.PLAN:
            return format_html('<a href="{}">plan</a>', reverse("sync:plan", args=[[run.pk]]))
        address = reverse("admin:sync_syncaction_changelist")
        return format_html('<a href="{}?run__id__exact={}">actions</a>', address, run.pk)


@admin.register(SyncAction)
class SyncActionAdmin(ReadOnlyAdmin):
    list_display = ["at", "group", "verb", "target", "outcome", "error", "duration_ms"]
    list_filter = ["outcome", "run__provider", "kind", "cohort"]
    list_select_related = ["group"]
    search_fields = ["target", "group__name", "error"]
    date_hierarchy = "at"

    def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:
        return lookup == "run__id__exact" or super().lookup_allowed(lookup, value, request)


@admin.register(RealizeRequest)
class RealizeRequestAdmin(ReadOnlyAdmin):
    list_display = ["requested_at", "requester", "number_of_groups", "ended_at"]
    list_select_related = ["requested_by"]

    @admin.display(description="groups")
    def number_of_groups(self, request: RealizeRequest) -> int:
        return len(request.group_ids)


@admin.register(WorkerHeartbeat)
class WorkerHeartbeatAdmin(ReadOnlyAdmin):
    list_display = ["name", "started_at", "last_seen_at"]
