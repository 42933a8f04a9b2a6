"""gunicorn's logs, including the access log, without secrets and personal data."""

from __future__ import annotations

from typing import Any

from gunicorn.glogging import Logger

from lens.reporting.scrubbing import ScrubbingFormatter


class ScrubbingLogger(Logger):
    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for log, layout, dates in [
            (self.error_log, self.error_fmt, self.datefmt),
            (self.access_log, self.access_fmt, None),
        ]:
            for handler in log.handlers:
                handler.setFormatter(ScrubbingFormatter(layout, dates))
