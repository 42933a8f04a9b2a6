"""One clock for the sandbox and the product: moving the sandbox's clock moves the product's.

The sandbox's page and control API do not know the product, so the product polls the sandbox. Only
with a sandbox: `cohorts.clock.set_offset` refuses otherwise.
"""

import json
import urllib.request
from datetime import timedelta

from django.conf import settings

from cohorts import clock
from cohorts.models import Installation
from cohorts.reconcile.tasks import sweep
from cohorts.steps.tasks import carry_out_due

TIMEOUT = 5  # seconds

_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def read_offset() -> timedelta:
    """Return the sandbox clock's offset from real time. Raises OSError if it is unreachable."""
    url = f"{settings.GOOGLE_CALENDAR_API_BASE}/_sandbox/clock"
    with _opener.open(url, timeout=TIMEOUT) as answer:
        return timedelta(seconds=json.load(answer)["offset_seconds"])


def follow() -> bool:
    """Adopt the sandbox's clock; return whether it had been moved.

    What the new time makes due is processed now, not at the next minute.
    """
    offset = read_offset()
    if Installation.objects.filter(pk=1, clock_offset=offset).exists():
        return False
    clock.set_offset(offset)
    carry_out_due(clock.now())
    sweep()
    return True
