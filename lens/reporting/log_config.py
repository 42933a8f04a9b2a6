"""Where log entries go, and in which form."""

from typing import Any


def configure_logs(*, form: str, level: str, queue_level: str) -> dict[str, Any]:
    """Return Django's LOGGING.  `form`: "line" or "json"; `queue_level`: of the task queue."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {
            "one_line": {"()": "lens.reporting.scrubbing.OneLine"},
            "outages": {"()": "cohorts.outages.OutageFilter"},
        },
        "formatters": {
            "json": {"()": "lens.reporting.scrubbing.JsonFormatter"},
            "line": {
                "()": "lens.reporting.scrubbing.ScrubbingFormatter",
                "format": "%(asctime)s %(levelname)s %(name)s: %(message)s",
            },
        },
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "filters": ["outages"],
                "formatter": form,
            }
        },
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "discord": {"level": "WARNING"},
            # Django's own handlers would write each line a second time, and unscrubbed.
            "django": {"handlers": [], "propagate": True},
            "django.server": {"handlers": [], "propagate": True},
            "django.security.DisallowedHost": {"filters": ["one_line"]},
            "googleapiclient": {"level": "WARNING"},
            "django-q": {"level": queue_level, "handlers": [], "propagate": True},
        },
    }
