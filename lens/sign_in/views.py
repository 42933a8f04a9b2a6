"""Sign-in with a password, "sign in as …" with the sandbox, and asking for a link to set one.

Such a request stores one row and wakes a worker, whether the address is known or not. The e-mail
with its link is written when it is sent: `cohorts.outbox.email.account_emails`.
"""

from typing import Any

from allauth.account.forms import LoginForm
from allauth.account.views import LoginView
from allauth.core import ratelimit
from allauth.usersessions.models import UserSession
from django import forms
from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse, reverse_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST
from django.views.generic import FormView

from cohorts import clock
from cohorts.admin_base.links import next_page
from cohorts.models import Membership, User
from cohorts.models.people import match_address
from cohorts.outbox.nudges import nudge_email
from cohorts.services.account_emails import queue_password_email
from cohorts.validators import LOCAL_HOSTS


def check_address(text: str) -> None:
    """Raise ValidationError if no one can be found by this address."""
    if match_address(text) is None:
        raise ValidationError("Enter an address that uses only the letters A to Z.")


class SignInForm(LoginForm):
    """allauth's form, which counts failures. The field of the address keeps its former name."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = "E-mail"
        self.fields["login"].validators.append(check_address)  # before it is lower-cased
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)

    def add_prefix(self, field_name: str) -> str:
        return "username" if field_name == "login" else str(super().add_prefix(field_name))


OFFERED = 200  # people; a longer list is of no use


class SignIn(LoginView):
    form_class = SignInForm
    template_name = "registration/login.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        context["next"] = context["redirect_field_value"]
        context["offers_discord"] = bool(settings.DISCORD_CLIENT_ID)
        if allows_impersonation(self.request):
            context["people"] = sign_in_choices()
        return context


@never_cache
def admin_sign_in(request: HttpRequest) -> HttpResponse:
    """Redirect from the admin's own sign-in page, which has no rate limits, to ours."""
    next_url = next_page(request, reverse("admin:index"))
    if not request.user.is_authenticated:
        return redirect_to_login(next_url)
    if request.user.is_staff:
        return redirect(next_url)
    return render(request, "registration/not_staff.html", status=403)


def sign_in_choices() -> QuerySet[User]:
    """Return the people to offer in “sign in as”: staff, then facilitators, then learners."""
    leads = Membership.objects.filter(
        user=OuterRef("pk"), role=Membership.Role.FACILITATOR, status=Membership.Status.ACTIVE
    )
    people = User.objects.filter(is_active=True).annotate(leads=Exists(leads))
    return people.order_by("-is_staff", "-leads", "name", "pk")[:OFFERED]


def allows_impersonation(request: HttpRequest) -> bool:
    """Whether anyone can be signed in as: with a sandbox, and on its own machine."""
    return bool(settings.SANDBOX) and request.META.get("REMOTE_ADDR") in LOCAL_HOSTS


@require_POST
def sign_in_as(request: HttpRequest, user_id: int) -> HttpResponse:
    """Sign in as a person, without a password. The URL exists only with a sandbox."""
    if not allows_impersonation(request):
        raise Http404("You can only sign in as another person in the sandbox.")
    user = get_object_or_404(User, pk=user_id, is_active=True)
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    UserSession.objects.create_from_request(request)
    return redirect(settings.LOGIN_REDIRECT_URL)


# -- a new password -------------------------------------------------------------------------------


TOO_MANY_LINKS = (
    "Too many links were requested for this address or from your network. Check your e-mail, or "
    "try again in an hour."
)


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
        if not ratelimit.consume(self.request, action="reset_password", key=email.lower()):
            form.add_error(None, TOO_MANY_LINKS)
            return self.render_to_response(self.get_context_data(form=form), status=429)
        with transaction.atomic():
            queue_password_email(email, now=clock.now())
            nudge_email()
        return super().form_valid(form)
