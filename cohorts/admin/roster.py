"""Admin pages to import a roster: upload a file, preview it, confirm it, and see its progress.

Between preview and confirmation the file is kept in the session under a token, so that two browser
windows do not interfere.  The import applies exactly what the preview showed, or nothing.  It is
forgotten with its import, so an old page imports nothing again: the digest of what it showed would
be right once more if someone had undone the changes by hand.
"""

import base64
import secrets
import zlib
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.timezone import localtime
from django.views.decorators.http import require_http_methods, require_safe
from django_q.tasks import async_task

from cohorts import clock
from cohorts.admin_base.base import admin_page
from cohorts.admin_base.links import cohort_url
from cohorts.errors import Refusal
from cohorts.models import Cohort, RosterImport, User
from cohorts.roster.file.columns import OTHER_NAMES
from cohorts.roster.file.decoding import MAX_BYTES
from cohorts.roster.file.example_rows import write_template
from cohorts.roster.importing import (
    import_roster,
    named_cohorts,
    preview_roster,
    preview_terms,
)
from cohorts.roster.roster_plan import RosterPlan
from cohorts.roster.waiting.services import LARGE, ask_for_import, count_lines
from cohorts.services.terms import digest_of

PENDING_FILES = "rosters"  # session key
MAX_PENDING_FILES = 3  # files per session: a session is read with every request
MAX_SHOWN = 500  # problems on one page
MAX_WARNINGS = 50
SHOWN_AGAIN = 5  # problems in messages after a refused import

UPLOAD = "admin:cohorts_cohort_roster"
PREVIEW = "admin:cohorts_cohort_roster_preview"
PROGRESS = "admin:cohorts_cohort_roster_import"
COHORTS = "admin:cohorts_cohort_changelist"


class RosterForm(forms.Form):
    file = forms.FileField(
        label="CSV file",
        # `data-sends` lets admin_lens.js send the form as soon as a file is chosen.
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,text/csv", "data-sends": True}),
        max_length=200,
    )

    def clean_file(self) -> UploadedFile:
        file = self.cleaned_data["file"]
        if file.size > MAX_BYTES:
            raise forms.ValidationError(
                f"The file is larger than {MAX_BYTES // 1_000_000} MB. Split it."
            )
        return file


class RosterMixin(admin.ModelAdmin):
    """Adds the import pages to the list of cohorts, for staff who may change cohorts."""

    change_list_template = "admin/cohorts/roster_change_list.html"

    def get_urls(self) -> list[URLPattern]:
        upload = require_http_methods(["GET", "POST"])(self.admin_site.admin_view(self.upload_view))
        preview = require_http_methods(["GET", "POST"])(
            self.admin_site.admin_view(self.preview_view)
        )
        progress = require_safe(self.admin_site.admin_view(self.progress_view))
        template = require_safe(self.admin_site.admin_view(self.template_view))
        return [
            path("roster/", upload, name="cohorts_cohort_roster"),
            path("roster/template.csv", template, name="cohorts_cohort_roster_template"),
            path("roster/imports/<int:pk>/", progress, name="cohorts_cohort_roster_import"),
            path("roster/<slug:token>/", preview, name="cohorts_cohort_roster_preview"),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        may_import = {"may_import_roster": self.has_change_permission(request)}
        return super().changelist_view(request, {**may_import, **(extra_context or {})})

    def upload_view(self, request: HttpRequest) -> HttpResponse:
        """Show the upload form and store the uploaded file."""
        self._check_permission(request)
        form = RosterForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            return redirect(PREVIEW, keep_file(request, form.cleaned_data["file"]))
        return self._render(request, "upload", "Import a roster", form=form, columns=OTHER_NAMES)

    def template_view(self, request: HttpRequest) -> HttpResponse:
        """Return an example of a roster to fill in."""
        self._check_permission(request)
        return HttpResponse(
            write_template(),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="roster-template.csv"'},
        )

    def preview_view(self, request: HttpRequest, token: str) -> HttpResponse:
        """Show what the file would change, or its problems; on POST, import it."""
        self._check_permission(request)
        name, data = find_file(request, token)
        if data is None:
            messages.warning(
                request,
                "This upload has expired, or was imported already. If its changes are missing, "
                "choose the file again.",
            )
            return redirect(UPLOAD)
        if request.method == "POST":
            said = request.POST
            moved = said.get("terms") if "move_meetings" in said else None
            seen = {"confirmed": said.get("confirmed", ""), "terms": moved}
            act = self._ask_for_import if count_lines(data) > LARGE else self._import
            return act(request, token, name, data, seen)
        plan = preview_roster(data)
        terms = preview_terms(plan, now=clock.now(), by=request.user.pk)
        return self._render(
            request,
            "preview",
            f"{name}: {'problems' if plan.problems else 'preview'}",
            plan=plan,
            terms=terms,
            terms_seen=digest_of(terms),
            sections=plan.sections(localtime(clock.now()).date()),
            problems=plan.problems[:MAX_SHOWN],
            more=max(0, len(plan.problems) - MAX_SHOWN),
            warnings=plan.warnings[:MAX_WARNINGS],
            more_warnings=max(0, len(plan.warnings) - MAX_WARNINGS),
            form=RosterForm(),
        )

    def _import(
        self, request: HttpRequest, token: str, name: str, data: bytes, seen: dict[str, Any]
    ) -> HttpResponse:
        try:
            plan = import_roster(data, now=clock.now(), **seen)
        except Refusal as refusal:
            messages.error(request, refusal.sentence)
            for problem in getattr(refusal, "problems", ())[:SHOWN_AGAIN]:
                messages.error(request, str(problem))
            return redirect(PREVIEW, token)
        forget_file(request, token)
        self._tell(request, name, plan, named_cohorts(data))
        return redirect(COHORTS)

    def _ask_for_import(
        self, request: HttpRequest, token: str, name: str, data: bytes, seen: dict[str, Any]
    ) -> HttpResponse:
        """Leave a large file to a worker: a request may take no longer than 30 seconds."""
        by = cast(User, request.user)
        asked = ask_for_import(token, name, data, by=by, now=clock.now(), **seen)
        async_task("cohorts.roster.waiting.tasks.import_waiting")
        return redirect(PROGRESS, asked.pk)

    def progress_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show whether a large file is imported yet, and what came of it."""
        self._check_permission(request)
        asked = get_object_or_404(RosterImport.objects.defer("data"), pk=pk)
        if asked.state == RosterImport.State.DONE:
            forget_file(request, asked.token)
        return self._render(request, "progress", asked.name, asked=asked)

    def _tell(
        self, request: HttpRequest, name: str, plan: RosterPlan, cohorts: list[Cohort]
    ) -> None:
        person = cast(User, request.user)
        links = format_html_join(
            ", ",
            '<a href="{}">{}</a>',
            ((cohort_url(person, c.pk), str(c)) for c in cohorts),
        )
        messages.success(request, format_html("Imported {}: {}. {}", name, plan.summary(), links))

    def _check_permission(self, request: HttpRequest) -> None:
        if not self.has_change_permission(request):
            raise PermissionDenied

    def _render(
        self, request: HttpRequest, page: str, title: str, **context: Any
    ) -> TemplateResponse:
        context |= {"opts": self.opts, "back": reverse(COHORTS)}
        return admin_page(request, f"admin/cohorts/roster_{page}.html", title, **context)


def keep_file(request: HttpRequest, file: UploadedFile) -> str:
    """Store an uploaded file in the session and return its token.  Drops the oldest of too many."""
    packed = base64.b64encode(zlib.compress(file.read())).decode()
    waiting = {**request.session.get(PENDING_FILES, {})}
    token = secrets.token_hex(8)
    waiting[token] = {"name": file.name or "roster.csv", "data": packed}
    request.session[PENDING_FILES] = dict(list(waiting.items())[-MAX_PENDING_FILES:])
    return token


def find_file(request: HttpRequest, token: str) -> tuple[str, bytes | None]:
    """Return the file's name and content; the content is None if the file is not stored."""
    kept = request.session.get(PENDING_FILES, {}).get(token)
    if kept is None:
        return "", None
    return kept["name"], zlib.decompress(base64.b64decode(kept["data"]))


def forget_file(request: HttpRequest, token: str) -> None:
    waiting = {**request.session.get(PENDING_FILES, {})}
    if waiting.pop(token, None):
        request.session[PENDING_FILES] = waiting
