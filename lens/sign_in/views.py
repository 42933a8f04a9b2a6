"""Signing in with a password, and "sign in as …" where everything outside is a sandbox."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth import views as auth_views
from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from cohorts.models import Membership, User

OFFERED = 200  # people; a longer list finds nobody


class SignIn(auth_views.LoginView):
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        context["offers_discord"] = bool(settings.DISCORD_CLIENT_ID)
        if settings.SANDBOX:
            context["people"] = people_to_be()
        return context


def people_to_be() -> QuerySet[User]:
    """Whom the sandbox offers to sign in as: staff first, then facilitators, then learners."""
    leads = Membership.objects.filter(
        user=OuterRef("pk"), role=Membership.Role.FACILITATOR, status=Membership.Status.ACTIVE
    )
    people = User.objects.filter(is_active=True).annotate(leads=Exists(leads))
    return people.order_by("-is_staff", "-leads", "name", "pk")[:OFFERED]


@require_POST
def sign_in_as(request: HttpRequest, user_id: int) -> HttpResponse:
    """Become somebody, without a password.  Only with a sandbox; its address exists only there."""
    if not settings.SANDBOX:
        raise Http404("Nobody signs in as somebody else here.")
    user = get_object_or_404(User, pk=user_id, is_active=True)
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return redirect(settings.LOGIN_REDIRECT_URL)
