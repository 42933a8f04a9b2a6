"""Unsubscribe from e-mails with one click, without signing in."""

from django.core.signing import BadSignature
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from cohorts.outbox import services
from cohorts.outbox.rendering.links import read_unsubscribe_token


@csrf_exempt  # mail clients post here (RFC 8058); the token authorizes it
@require_http_methods(["GET", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Ask on GET, unsubscribe on POST: mail scanners follow every link."""
    try:
        user_id = read_unsubscribe_token(token)
    except BadSignature:
        raise Http404("This link is incomplete.") from None
    if request.method == "POST":
        services.unsubscribe(user_id)
    return render(request, "messages/unsubscribe.html", {"done": request.method == "POST"})
