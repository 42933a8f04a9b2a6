"""How a call can fail, told apart by what is to be done about it.

Each carries a code of the troubles' table and a detail for people; none carries a secret.

    Refused     only this action is refused: the group backs off, or waits for a person
    Outage      nobody can be served (unreachable, 5xx, 401): the mirror waits, no group failed
    Unclear     the call may have had its effect: look again before anything else
    Later       the service says when (a long 429): this lane is parked until then
    LeaseLost   another worker may hold the mirror: start no call
"""

from __future__ import annotations


class CallFailed(Exception):
    code = "failed"

    def __init__(self, detail: str = "", *, code: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.code


class Refused(CallFailed):
    code = "refused"


class Outage(CallFailed):
    """`after` is the service's own Retry-After in seconds, when it named one."""

    code = "unreachable"

    def __init__(self, detail: str = "", *, code: str = "", after: float = 0) -> None:
        super().__init__(detail, code=code)
        self.after = after


class Unclear(Outage):
    code = "no_answer"


class Later(CallFailed):
    code = "rate_limited"

    def __init__(self, after: float, detail: str = "") -> None:
        super().__init__(detail)
        self.after = after  # seconds


class LookAgain(CallFailed):
    """The outside moved under the plan (412, 404 on something just seen): observe anew."""

    code = "look_again"


class LeaseLost(Exception):
    """Raised where a request would start and the lease may not be ours any more."""
