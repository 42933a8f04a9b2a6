"""Log entries as one JSON object a line, for LOG_FORMAT=json."""

import json
import logging
from datetime import UTC, datetime

from cohorts.reconcile.workers.correlation import current_id
from lens.reporting.scrubbing import scrub


class JsonFormatter(logging.Formatter):
    """Scrubs each text before it is quoted: afterwards a pattern could remove a quotation mark."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": scrub(record.getMessage()),
            "id": current_id(),
            "process": record.process,
        }
        if record.exc_info:
            entry["traceback"] = scrub(self.formatException(record.exc_info))
        return json.dumps({key: value for key, value in entry.items() if value})
