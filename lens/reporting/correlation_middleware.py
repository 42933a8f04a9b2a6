"""Give each request an id for the logs, and return it in `X-Request-ID`."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from cohorts.reconcile.workers.correlation import correlated


class CorrelationMiddleware:
    """A proxy's own `X-Request-ID` is kept, so that its log and ours can be matched."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with correlated(request.headers.get("X-Request-ID", "")) as found:
            response = self.get_response(request)
        response["X-Request-ID"] = found
        return response
