"""Requesting a link to set a password.

The request stores one row and wakes a worker, whether the address is known or not. The e-mail with
its link is written when it is sent: `cohorts.outbox.email.account_emails`.
"""

from __future__ import annotations

from allauth.core import ratelimit
from django import forms
from django.db import transaction
from django.http import HttpResponse
from django.urls import reverse_lazy
from django.views.generic import FormView

from cohorts import clock
from cohorts.outbox.nudges import nudge_email
from cohorts.services.account_emails import queue_password_email


class PasswordResetForm(forms.Form):
    email = forms.EmailField(
        label="E-mail",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


class PasswordResetView(FormView):
    """Limited by ACCOUNT_RATE_LIMITS["reset_password"], for each typed address and each client."""

    form_class = PasswordResetForm
    template_name = "registration/password_reset_form.html"
    success_url = reverse_lazy("password_reset_done")

    def form_valid(self, form: forms.Form) -> HttpResponse:
        email = form.cleaned_data["email"]
        limited: HttpResponse | None = ratelimit.consume_or_429(
            self.request, action="reset_password", key=email.lower()
        )
        if limited is not None:
            return limited
        with transaction.atomic():
            queue_password_email(email, now=clock.now())
            nudge_email()
        return super().form_valid(form)
