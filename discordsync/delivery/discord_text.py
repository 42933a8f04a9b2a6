"""Escape text that users entered, so that Discord messages show it literally.

What Discord would interpret, and how it is escaped:

    @everyone <@1> <@&1> <#1> <:a:1>    a zero-width character after @ and <
    *bold* _i_ ~~s~~ `code` ||hidden||  a backslash before each
    [name](address)  https://…          a backslash; a zero-width character after the colon
    # title  > quote  - list  1. list   a backslash: they may end up at the start of a line
    right-to-left marks and similar     removed: they would reverse the rest of the line
    line breaks, control characters     a space

Backslashes alone do not prevent a ping: the server searches the whole text for "@everyone".
"""

import re

from cohorts.outbox.rendering.plain_text import ELLIPSIS, clean, count, shorten

LIMIT = 2000  # characters of one message
NAME_LENGTH = 80
NO_WIDTH = "\u200b"

MARKUP = re.compile(r"[\\*_~`|\[\]()#>]")
AT_START = re.compile(r"^([-+]|\d+(?=[.]))")
MENTION = re.compile(r"<@(\d+)>")


def escape(text: str, *, length: int = NAME_LENGTH) -> str:
    """Return one line of at most `length` visible characters that Discord shows literally."""
    line = shorten(clean(text), length)
    line = MARKUP.sub(r"\\\g<0>", line)
    line = AT_START.sub(_escape_list_sign, line)
    line = line.replace("@", f"@{NO_WIDTH}").replace("<", f"<{NO_WIDTH}")
    return line.replace("://", f":{NO_WIDTH}//")


def _escape_list_sign(found: re.Match[str]) -> str:
    sign = found.group()
    return f"{sign}{NO_WIDTH}" if sign.isdigit() else f"\\{sign}"


def mention(discord_id: int) -> str:
    return f"<@{discord_id:d}>"


def mentioned(text: str) -> tuple[int, ...]:
    """Return the Discord ids that a finished text pings, without duplicates, in order."""
    return tuple(dict.fromkeys(int(found) for found in MENTION.findall(text)))


def fit(text: str, limit: int = LIMIT) -> str:
    """Cut a finished message to Discord's limit, between lines or else between words.

    Never cuts inside a mention or after a lone backslash.
    """
    text = text.strip()
    if count(text) <= limit:
        return text
    kept = shorten(text, limit - 1).removesuffix(ELLIPSIS)
    for boundary in ("\n", " "):
        head, found, _ = kept.rpartition(boundary)
        if found and head.strip():
            return f"{head.rstrip()}{boundary}{ELLIPSIS}"
    return kept.rstrip("\\") + ELLIPSIS
