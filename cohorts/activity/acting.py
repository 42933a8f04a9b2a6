"""Who acts: the person behind the current request, for services that are not told.

The middleware sets the person of a web or API request, the bot's handlers the person who used a
command. Tasks and receivers that carry out rules act for Lens itself, which is None.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse

FindActor = Callable[[], int | None]


def _lens() -> int | None:
    return None


_find_actor: ContextVar[FindActor] = ContextVar("find_actor", default=_lens)


def current_actor() -> int | None:
    """Return the id of the person who acts, None for Lens itself."""
    return _find_actor.get()()


@contextmanager
def acting_as(user_id: int | None) -> Iterator[None]:
    """Record what happens in the block as acts of this person; None stands for Lens itself."""
    with _acting(lambda: user_id):
        yield


@contextmanager
def _acting(find: FindActor) -> Iterator[None]:
    token = _find_actor.set(find)
    try:
        yield
    finally:
        _find_actor.reset(token)


class ActingMiddleware:
    """Lets services record who made the request.

    The person is looked up only when something is recorded: the API signs people in after the
    middleware, and most requests record nothing.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with _acting(lambda: request.user.pk):
            return self.get_response(request)
