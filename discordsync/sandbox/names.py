"""How Discord rewrites the names of text channels. Other names stay as they were sent."""

import re

DROPPED = re.compile(r"[!\"#$%&'()*+,./:;<=>?@\[\\\]^`{|}~]")


def text_channel_name(name: str) -> str:
    """Lower case, blanks to dashes, punctuation and brackets dropped, no double dashes."""
    name = re.sub(r"\s+", "-", name.strip().lower())
    return re.sub(r"-{2,}", "-", DROPPED.sub("", name)).strip("-")
