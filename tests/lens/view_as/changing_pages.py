"""A URLconf in which two pages of learners change something when they are opened."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.template.response import TemplateResponse
from django.urls import include, path

from cohorts.models import User
from lens import error_pages

handler404 = error_pages.not_found


def save(request: HttpRequest) -> HttpResponse:
    User.objects.update(name="Changed")
    return HttpResponse("Done.")


def lock_while_rendering(request: HttpRequest) -> HttpResponse:
    locked = User.objects.select_for_update().order_by("pk")
    template = engines["django"].from_string("{% for each in people %}{{ each }}{% endfor %}")
    return TemplateResponse(request, template, {"people": locked})


urlpatterns = [
    path("meetings/", save, name="my-meetings"),
    path("meetings/set-up/", lock_while_rendering, name="set-up"),
    path("", include("lens.urls")),
]
