"""Rewrite the names of text channels as Discord does. Other names are stored as sent."""

import re

DROPPED = re.compile(r"[!\"#$%&'()*+,./:;<=>?@\[\\\]^`{|}~]")


def text_channel_name(name: str) -> str:
    """Return a name in lower case, blanks as dashes, without punctuation and double dashes."""
    name = re.sub(r"\s+", "-", name.strip().lower())
    return re.sub(r"-{2,}", "-", DROPPED.sub("", name)).strip("-")
