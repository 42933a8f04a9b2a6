"""The periodic task of erasing."""

from cohorts import clock
from lens.personal_data.erasure import complete_erasures


def complete() -> None:
    complete_erasures(clock.now())
