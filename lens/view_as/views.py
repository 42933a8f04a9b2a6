"""Start and stop viewing Lens as a person.

admin/people/<id>/view-as/        POST: start, and open the person's first page
admin/people/<id>/view-as/stop/   POST: back to the staff's page of that person
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from cohorts.models import User
from cohorts.web.access import require
from cohorts.web.refusal_messages import shown_refusals
from lens.view_as.viewing import VIEW_AS, start_viewing, stop_viewing


@require_POST
def start_view(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = require(request, *VIEW_AS)
    person = get_object_or_404(User, pk=pk)
    with shown_refusals(request):
        start_viewing(request, viewer, person)
        return redirect(settings.LOGIN_REDIRECT_URL)
    return redirect("admin:person", pk)


@require_POST
def stop_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop, also if the view has ended meanwhile."""
    stop_viewing(request)
    return redirect("admin:person", pk)
