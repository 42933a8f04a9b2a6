"""gunicorn's logs, including the access log, without secrets and personal data.

LOG_FORMAT is read here too: gunicorn logs before Django's settings are loaded.
"""

import os
from typing import Any

from gunicorn.glogging import Logger

from lens.env import Env
from lens.reporting.scrubbing import JsonFormatter, ScrubbingFormatter


class ScrubbingLogger(Logger):
    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        as_json = Env(os.environ).text("LOG_FORMAT") == "json"
        for log, layout, dates in [
            (self.error_log, self.error_fmt, self.datefmt),
            (self.access_log, self.access_fmt, None),
        ]:
            for handler in log.handlers:
                handler.setFormatter(
                    JsonFormatter() if as_json else ScrubbingFormatter(layout, dates)
                )
