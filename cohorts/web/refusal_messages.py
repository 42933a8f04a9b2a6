"""Refusals of services as messages on the next page."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib import messages
from django.http import Http404, HttpRequest

from cohorts.errors import Refusal


@contextmanager
def shown_refusals(request: HttpRequest, *not_found: str) -> Iterator[None]:
    """Show a refusal in the block as a message; what follows the block then answers the request.

    Refusals with one of the codes `not_found` are a 404.
    """
    try:
        yield
    except Refusal as refusal:
        if refusal.code in not_found:
            raise Http404(refusal.sentence) from refusal
        messages.error(request, refusal.sentence)
