"""Ways in which a call can fail, distinguished by how to react.

Each carries an issue code and a detail for people. None contains a secret.

    Refused       only this action failed: the group backs off, or waits for a person
    Outage        the service is down (unreachable, 5xx, 401): the provider waits, no group failed
    Unclear       the call may have taken effect: observe before the next one, unless the action is
                  `alone` or `repeatable`
    TimedOut      the same, because no answer came: another attempt would take as long
    RateLimited   the service asks to wait (a long 429): this lane is parked until then
    Conflict      the outside changed after planning: observe again
    LeaseLost     another worker may hold the lease: start no call
"""

from cohorts.reconcile.values import IssueCode


class CallFailed(Exception):
    code: str = IssueCode.FAILED

    def __init__(self, detail: str = "", *, code: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.code


class Refused(CallFailed):
    code = IssueCode.REFUSED


class Outage(CallFailed):
    """`after` is the service's Retry-After in seconds, if it sent one."""

    code = IssueCode.UNREACHABLE

    def __init__(self, detail: str = "", *, code: str = "", after: float = 0) -> None:
        super().__init__(detail, code=code)
        self.after = after


class Unclear(Outage):
    code = IssueCode.NO_ANSWER


class TimedOut(Unclear):
    """Raised by the reconciler, not by providers."""


class RateLimited(CallFailed):
    code = IssueCode.RATE_LIMITED

    def __init__(self, after: float, detail: str = "") -> None:
        super().__init__(detail)
        self.after = after  # seconds


class Conflict(CallFailed):
    """The outside changed after planning (412, or 404 for a known object): observe again."""

    code = IssueCode.CONFLICT


class LeaseLost(Exception):
    """Raised before a request starts if this process may no longer hold the lease."""


# One word for what came of a call or a run, for figures. An Unclear is also an Outage.
RESULTS: dict[type[BaseException], str] = {
    RateLimited: "rate_limited",
    Unclear: "unclear",
    Outage: "outage",
    Conflict: "conflict",
    Refused: "refused",
    LeaseLost: "lease_lost",
}
DONE, BUG = "done", "failed"


def name_result(error: BaseException | None) -> str:
    if error is None:
        return DONE
    return next((word for kind, word in RESULTS.items() if isinstance(error, kind)), BUG)
