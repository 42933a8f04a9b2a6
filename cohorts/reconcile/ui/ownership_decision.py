"""The decision whether this database is a copy or the original, and whether a copy may send."""

from django.conf import settings
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from cohorts import clock
from cohorts.models import Installation, User
from cohorts.outbox.models import UNSENT, Message
from cohorts.reconcile import ownership
from cohorts.reconcile.issues import find_issue
from cohorts.reconcile.models import ProviderState
from cohorts.reconcile.provider import provider_specs
from cohorts.reconcile.ui.staff import show, staff_page
from cohorts.services.installation import end_silence


@staff_page
def decide(request: HttpRequest) -> HttpResponse:
    """Show the question; on POST, carry out the answer."""
    question, installation = ownership.find_question(), Installation.objects.ensure(clock.now())
    if request.method == "POST":
        return _carry_out(request, question)
    providers = provider_specs()
    return show(
        request,
        "decide",
        "Is this a copy?",
        question=question,
        reasons=[find_issue(code).sentence for code in question.codes],
        strange=[(providers[name], found) for name, found in question.strange.items()],
        moved=[(providers[name], former) for name, former in question.moved.items()],
        orphaned=[(providers[name], found) for name, found in question.orphaned.items()],
        not_adopted=[why for state in ProviderState.objects.all() for _, why in state.not_adopted],
        unsure=Message.objects.filter(state=Message.State.UNSURE).count(),
        people=_find_reachable() if question.is_silent else None,
        waiting=Message.objects.filter(state__in=UNSENT).count(),
        mail_server=settings.EMAIL_HOST,
        installation=installation,
        named=settings.INSTALLATION_ID,
    )


def _find_reachable() -> QuerySet[User]:
    """Return the people to whom this installation can write, by e-mail or on Discord."""
    people = User.objects.filter(is_active=True).exclude(email=None, discord_id=None)
    return people.order_by("name", "email")


def _carry_out(request: HttpRequest, question: ownership.Question) -> HttpResponse:
    match request.POST.get("word"):
        case "send" if question.is_silent and not question.stops_all:
            end_silence(clock.now())
            messages.success(
                request,
                "This copy now sends messages. Messages that were due before now stay unsent, "
                "because the original may have sent them.",
            )
        case _ if not question:
            messages.info(request, "This was already confirmed.")
        case "copy" if question.stops_all:
            ownership.accept_as_copy()
            messages.success(
                request,
                "Confirmed as a copy. The original's objects are left alone, nothing is created "
                "until someone presses “Realize”, and nothing is sent until staff allow it.",
            )
        case "original":
            ownership.accept_as_original()
            messages.success(
                request, "Syncing continues. Objects with the Lens mark are taken over."
            )
        case _:
            messages.error(request, "Choose one of the two options.")
            return redirect("sync:decide")
    return redirect("admin:operations")
