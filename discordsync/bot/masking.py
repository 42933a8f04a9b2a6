"""Keeps the tokens of interactions out of logs and reports."""

from __future__ import annotations

import logging
import re

TOKEN = re.compile(r"(/(?:webhooks|interactions)/\d+/)[^/\s?]+")


class MaskTokens(logging.Filter):
    """discord.py names whole addresses when it is asked to wait, and they hold such a token."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        masked = TOKEN.sub(r"\1…", said)
        if masked != said:
            record.msg, record.args = masked, ()
        return True
