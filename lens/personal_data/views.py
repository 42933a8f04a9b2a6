"""Pages about personal data: one's own, and for superusers those of anyone.

my-data/                           everything held about oneself; ask for erasing
my-data/file/                      the same as JSON
admin/people/<id>/data/            for superusers
admin/people/<id>/data/file/
admin/people/<id>/erase/           what erasing would do; a POST approves it
"""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.views.decorators.http import require_GET, require_http_methods

from cohorts import clock
from cohorts.admin_base.base import admin_page
from cohorts.models import ErasureRequest, User
from cohorts.web.refusal_messages import shown_refusals
from guestvisits.views.signed_in import SignedInRequest, signed_in
from lens.personal_data.erasure import (
    approve_erasure,
    ask_for_erasure,
    preview_erasure,
    withdraw_erasure,
)
from lens.personal_data.export import as_json, export_person

JSON = "application/json; charset=utf-8"


@signed_in
@require_http_methods(["GET", "POST"])
def my_data(request: SignedInRequest) -> HttpResponse:
    if request.method == "POST":
        return _change_request(request)
    context = {
        "sections": export_person(request.user),
        "erasure": ErasureRequest.objects.filter(user=request.user).first(),
    }
    return render(request, "personal_data/mine.html", context)


def _change_request(request: SignedInRequest) -> HttpResponse:
    with shown_refusals(request):
        if request.POST.get("do") == "withdraw":
            withdraw_erasure(request.user.pk)
            messages.success(request, "Your request is withdrawn. Nothing has been erased.")
        else:
            ask_for_erasure(request.user.pk, now=clock.now())
            messages.success(request, "The academy has your request.")
    return redirect("my-data")


@signed_in
@require_GET
def my_data_file(request: SignedInRequest) -> HttpResponse:
    return _file(request.user)


def _file(person: User) -> HttpResponse:
    response = HttpResponse(as_json(person), content_type=JSON)
    response["Content-Disposition"] = f'attachment; filename="person-{person.pk}.json"'
    return response


# -- for superusers --------------------------------------------------------------------------


@require_GET
def data_of(request: HttpRequest, person_id: int) -> HttpResponse:
    person = _find_person(request, person_id)
    return admin_page(
        request,
        "admin/personal_data/data.html",
        f"Everything held about {person}",
        person=person,
        sections=export_person(person),
    )


@require_GET
def data_of_file(request: HttpRequest, person_id: int) -> HttpResponse:
    return _file(_find_person(request, person_id))


@require_http_methods(["GET", "POST"])
def erase(request: HttpRequest, person_id: int) -> HttpResponse:
    """Show what erasing would do; POST closes the account and begins."""
    person = _find_person(request, person_id)
    if request.method == "POST":
        with shown_refusals(request):
            approve_erasure(person.pk, by=request.user.pk or 0, now=clock.now())
        return redirect("erase-person", person.pk)
    return admin_page(
        request,
        "admin/personal_data/erase.html",
        f"Erase {person}",
        person=person,
        preview=preview_erasure(person),
        erasure=ErasureRequest.objects.filter(user=person).select_related("approved_by").first(),
    )


def _find_person(request: HttpRequest, person_id: int) -> User:
    if not request.user.is_superuser:
        raise PermissionDenied
    return get_object_or_404(User, pk=person_id)


def personal_data_urls() -> list[URLPattern]:
    staff = admin.site.admin_view
    return [
        path("my-data/", my_data, name="my-data"),
        path("my-data/file/", my_data_file, name="my-data-file"),
        path("admin/people/<id:person_id>/data/", staff(data_of), name="data-of"),
        path("admin/people/<id:person_id>/data/file/", staff(data_of_file), name="data-of-file"),
        path("admin/people/<id:person_id>/erase/", staff(erase), name="erase-person"),
    ]
