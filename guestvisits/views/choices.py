"""`/meetings/messages/`: a person's message preferences."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from cohorts import clock
from cohorts.errors import Refusal
from cohorts.outbox.models import MessageChoice
from cohorts.outbox.routing.dm_channels import DmStatus
from cohorts.outbox.routing.preferences import Choices, choose, read_choices
from guestvisits.views.signed_in import SignedInRequest, signed_in

# Texts about direct messages, by the state of the person's channel.
DM_STATUSES = {
    DmStatus.OPEN: "The bot can write to you directly on Discord.",
    DmStatus.WAITS: "The bot can write to you directly on Discord; your first message may "
    "still come by e-mail.",
    DmStatus.CLOSED: "The bot could not write to you on Discord, so you get e-mails. Allow direct "
    "messages in the server's privacy settings, then use the bot again.",
    DmStatus.NEVER: "To get direct messages on Discord, use our bot there once: type /my-meetings.",
}


class MessagesForm(forms.Form):
    """A field for each topic, and two fields that switch off all messages of a channel."""

    wants_email = forms.BooleanField(label="Send me e-mails", required=False)
    wants_discord = forms.BooleanField(
        label="Mention me in my groups' channels and write to me on Discord", required=False
    )

    def __init__(self, data: Any = None, *, choices: Choices) -> None:
        initial = {"wants_email": choices.wants_email, "wants_discord": choices.wants_discord}
        super().__init__(data, initial=initial, label_suffix="")
        titles = dict(MessageChoice.Route.choices)
        topics = {
            f"topic_{one.topic.name}": forms.ChoiceField(
                label=one.topic.title,
                help_text=one.topic.about,
                choices=[(way, titles[way]) for way in one.options],
                initial=one.chosen,
            )
            for one in choices.topics
        }
        self.fields = {**topics, **self.fields}

    def topics(self) -> dict[str, str]:
        return {
            name.removeprefix("topic_"): way
            for name, way in self.cleaned_data.items()
            if name.startswith("topic_")
        }


@signed_in
@require_http_methods(["GET", "POST"])
def choose_messages(request: SignedInRequest) -> HttpResponse:
    now = clock.now()
    choices = read_choices(request.user.pk, now)
    form = MessagesForm(request.POST or None, choices=choices)
    if form.is_valid() and _keep(request, form):
        messages.success(request, "Your choices are saved.")
        return redirect("choose-messages")
    context = {"form": form, "dm_status": DM_STATUSES[choices.dm_status]}
    return render(request, "meetings/messages.html", context, status=400 if form.errors else 200)


def _keep(request: SignedInRequest, form: MessagesForm) -> bool:
    """Save the preferences. Return whether that succeeded; a refusal becomes a form error."""
    try:
        choose(
            request.user.pk,
            form.topics(),
            wants_email=form.cleaned_data["wants_email"],
            wants_discord=form.cleaned_data["wants_discord"],
            now=clock.now(),
        )
    except Refusal as refusal:
        form.add_error(None, refusal.sentence)
        return False
    return True
