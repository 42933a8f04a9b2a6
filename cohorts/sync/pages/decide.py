"""“This is a copy” or “go on”: whose objects stand outside."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from cohorts import clock
from cohorts.services.installation import ensure_installation
from cohorts.sync import ownership
from cohorts.sync.pages.staff import show, staff_page
from cohorts.sync.registry import all_mirrors


@staff_page
def decide(request: HttpRequest) -> HttpResponse:
    """Ask, and on POST do what was said."""
    question = ownership.find_question()
    if request.method == "POST" and question:
        return _carry_out(request)
    if request.method == "POST":
        messages.info(request, "That has been said already.")
        return redirect("admin:index")
    return show(
        request,
        "decide",
        "Is this a copy?",
        question=question,
        strange=[(all_mirrors()[name], found) for name, found in question.strange.items()],
        installation=ensure_installation(clock.now()),
        named=settings.INSTALLATION_ID,
    )


def _carry_out(request: HttpRequest) -> HttpResponse:
    match request.POST.get("word"):
        case "copy":
            ownership.take_as_copy()
            messages.success(
                request,
                "This is a copy: nothing of the original is touched, and nothing is made until "
                "somebody presses “Realize”.",
            )
        case "original":
            ownership.go_on_as_original()
            messages.success(request, "Work goes on; what carries our mark is taken over.")
        case _:
            messages.error(request, "Choose one of the two.")
            return redirect("sync:decide")
    return redirect("admin:index")
