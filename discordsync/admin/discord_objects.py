"""Admin of the recorded Discord objects, with the import of existing ones by id."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse

from cohorts import clock
from cohorts.admin_base.base import ChangesForm, ReadOnlyAdmin, RefusalAdmin, confirmation_page
from cohorts.errors import Refusal
from cohorts.models import User
from cohorts.reconcile import services as sync
from cohorts.validators import check_snowflake
from discordsync.admin.import_existing import COLUMNS, MOST_BYTES, BadLines, record_all
from discordsync.admin.not_joined import not_joined_view
from discordsync.admin.removals import RemovalMixin
from discordsync.models import DiscordObject, DmChannel
from discordsync.selectors import live_groups_of
from discordsync.services import (
    OF_COHORT,
    OF_GROUP,
    check_place,
    describe,
    record_existing,
)

CHANGELIST = "admin:discordsync_discordobject_changelist"
SHOWN = 30  # bad lines on one page


class ExistingForm(ChangesForm):
    """An existing object to import: what it is for, and its Discord id."""

    outside_id = forms.IntegerField(
        label="Discord ID",
        validators=[check_snowflake],
        help_text="In Discord, turn on Developer Mode, right-click the object and choose Copy ID.",
        widget=forms.TextInput(attrs={"inputmode": "numeric", "size": 24}),
    )
    ordinal = forms.IntegerField(
        label="Category number",
        initial=1,
        min_value=1,
        max_value=20,
        required=False,
        help_text="A cohort with more than 24 groups has several categories.",
    )

    class Meta:
        model = DiscordObject
        fields = ["kind", "cohort", "group", "outside_id"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "kind" in self.fields:
            known = OF_COHORT | OF_GROUP
            choices = [(k.value, k.label) for k in DiscordObject.Kind if k in known]
            self.fields["kind"] = forms.ChoiceField(choices=choices)

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or {}
        if not self.errors and self.instance.pk is None:
            try:
                check_place(cleaned["kind"], cleaned["cohort"], cleaned["group"])
            except Refusal as refusal:
                self.add_error("group", refusal.sentence)
        return cleaned


class ImportForm(forms.Form):
    file = forms.FileField(
        label="CSV file", help_text=f"One line per object, with the columns {','.join(COLUMNS)}."
    )

    def clean_file(self) -> UploadedFile:
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError(
                f"The file is larger than {MOST_BYTES // 1000} KB. Split it."
            )
        return file


@admin.register(DiscordObject)
class DiscordObjectAdmin(RemovalMixin, RefusalAdmin):
    form = ExistingForm
    list_display = ["what", "kind", "cohort", "group", "outside_id", "how_it_is", "imported"]
    list_filter = ["kind", ("gone_at", admin.EmptyFieldListFilter), "imported", "cohort"]
    list_select_related = ["cohort", "group"]
    search_fields = ["name_returned", "key", "outside_id__exact", "group__name"]
    autocomplete_fields = ["cohort", "group"]
    actions = ["recreate"]
    change_list_template = "admin/discordsync/change_list.html"

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        if obj is None:
            return ["kind", "cohort", "group", "outside_id", "ordinal"]
        shown = ["name_sent", "name_returned", "made_at", "gone_at", "imported"]
        return ["kind", "cohort", "group", "meeting", "outside_id", *shown]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        if obj is None:
            return []
        is_fixed = obj.kind == DiscordObject.Kind.EVENT or obj.released_at is not None
        return [name for name in self.get_fields(request, obj) if is_fixed or name != "outside_id"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: if the record of an existing object is deleted, a duplicate is created."""
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change and "outside_id" not in form.changed_data:
            return
        ordinal = obj.key.rpartition(":")[2] if change else form.cleaned_data["ordinal"] or 1
        obj.pk = record_existing(
            obj.kind,
            cohort=obj.cohort,
            group=obj.group,
            outside_id=obj.outside_id,
            ordinal=int(ordinal),
        ).pk

    @admin.display(description="name", ordering="name_returned")
    def what(self, row: DiscordObject) -> str:
        return str(row)

    @admin.display(description="status", ordering="gone_at")
    def how_it_is(self, row: DiscordObject) -> str:
        if row.outside_id is None:
            return "being created"
        if row.released_at:
            return "kept, no longer managed"
        return "deleted" if row.gone_at else "ready"

    # -- missing objects ---------------------------------------------------------------------

    @admin.action(description="Recreate deleted objects", permissions=["change"])
    def recreate(
        self, request: HttpRequest, queryset: QuerySet[DiscordObject]
    ) -> HttpResponse | None:
        gone = list(queryset.filter(gone_at__isnull=False).select_related("group", "cohort"))
        if not gone:
            messages.error(request, "None of these were deleted, so there is nothing to recreate.")
            return None
        if "confirmed" in request.POST:
            self._make_anew(request, gone)
            return None
        return confirmation_page(
            request,
            title="Recreate these objects?",
            sentences=["These were deleted in Discord. Lens will create them again:"],
            listed=[f"{row} ({describe(row)})" for row in gone],
            hidden=[
                ("action", "recreate"),
                *((admin.helpers.ACTION_CHECKBOX_NAME, row.pk) for row in gone),
            ],
            button="Recreate",
            back=reverse(CHANGELIST),
        )

    def _make_anew(self, request: HttpRequest, gone: list[DiscordObject]) -> None:
        assert isinstance(request.user, User)
        groups = {pk for row in gone for pk in live_groups_of(row)}
        sync.recreate(groups, "discord", by=request.user, now=clock.now())
        messages.success(request, f"{len(gone)} objects will be recreated shortly.")

    # -- import from a file ------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.import_view)
        return [
            path("import/", view, name="discordsync_import"),
            path("cohorts/<int:pk>/not-joined/", not_joined_view, name="not_joined"),
            *super().get_urls(),
        ]

    def import_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_change_permission(request):
            raise PermissionDenied
        posted = request.method == "POST"
        form = ImportForm(request.POST, request.FILES) if posted else ImportForm()
        if form.is_valid() and self._import(request, form):
            return redirect(CHANGELIST)
        return confirmation_page(
            request,
            title="Import existing objects",
            sentences=[
                "For channels and roles that were created without Lens. Each line has a cohort (ID "
                "or name), a group (empty for what the whole cohort shares), a kind ("
                f"{', '.join(sorted(OF_COHORT | OF_GROUP))}) and a Discord ID.",
                "They keep their names, and no one gets another welcome message.",
            ],
            form=form,
            button="Import",
            back=reverse(CHANGELIST),
        )

    def _import(self, request: HttpRequest, form: ImportForm) -> bool:
        try:
            count = record_all(form.cleaned_data["file"].read())
        except BadLines as error:
            for number, sentence in error.problems[:SHOWN]:
                form.add_error("file", f"Line {number}: {sentence}")
            if len(error.problems) > SHOWN:
                form.add_error("file", f"{len(error.problems) - SHOWN} more lines have errors.")
            return False
        messages.success(request, f"{count} objects were imported and are being checked.")
        return True


@admin.register(DmChannel)
class DmChannelAdmin(ReadOnlyAdmin):
    """Accounts that have used the bot, and whether it can write to them."""

    list_display = [
        "discord_id",
        "person",
        "last_used_at",
        "channel_requested_at",
        "refused_at",
        "refused_reason",
    ]
    list_filter = [("refused_at", admin.EmptyFieldListFilter)]
    search_fields = ["discord_id__exact"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[DmChannel]:
        names = User.objects.filter(discord_id=OuterRef("discord_id")).values("name")
        return super().get_queryset(request).annotate(person_name=Subquery(names[:1]))

    @admin.display(ordering="person_name")
    def person(self, channel: Any) -> str:
        return channel.person_name or "-"
