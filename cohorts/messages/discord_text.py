"""Other people's words inside a Discord message: shown as they are, read as nothing else.

What Discord would read as more than words, and what is done to it:

    @everyone <@1> <@&1> <#1> <:a:1>    a character without width behind @ and <
    *bold* _i_ ~~s~~ `code` ||hidden||  a backslash before each
    [name](address)  https://…          a backslash; a character without width after the colon
    # title  > quote  - list  1. list   a backslash: they may come to stand at a line's start
    right-to-left marks and their like  left out: they would turn the rest of the line round
    line breaks, control characters     a space

Backslashes alone do not stop a ping: the server looks for "@everyone" wherever it stands.
"""

from __future__ import annotations

import re
import unicodedata

LIMIT = 2000  # characters of one message
NAME_LENGTH = 80
ELLIPSIS = "…"
NO_WIDTH = "\u200b"
JOINERS = "\u200c\u200d"  # they shape Persian words and emoji, and turn nothing round

MARKUP = re.compile(r"[\\*_~`|\[\]()#>]")
AT_START = re.compile(r"^([-+]|\d+(?=[.]))")
MENTION = re.compile(r"<@(\d+)>")


def escape(words: str, *, length: int = NAME_LENGTH) -> str:
    """One line of at most `length` visible characters that Discord shows as it is."""
    line = shorten(clean(words), length)
    line = MARKUP.sub(r"\\\g<0>", line)
    line = AT_START.sub(_escape_list_sign, line)
    line = line.replace("@", f"@{NO_WIDTH}").replace("<", f"<{NO_WIDTH}")
    return line.replace("://", f":{NO_WIDTH}//")


def clean(words: str) -> str:
    """One line without control characters and direction marks."""
    return " ".join("".join(map(_clean_character, words)).split())


def _clean_character(character: str) -> str:
    category = unicodedata.category(character)
    if category in {"Cc", "Zl", "Zp"}:
        return " "
    if category in {"Cf", "Cs", "Co", "Cn"} and character not in JOINERS:
        return ""
    return character


def _escape_list_sign(found: re.Match[str]) -> str:
    sign = found.group()
    return f"{sign}{NO_WIDTH}" if sign.isdigit() else f"\\{sign}"


def mention(discord_id: int) -> str:
    return f"<@{discord_id:d}>"


def mentioned(text: str) -> tuple[int, ...]:
    """The Discord ids that a finished text pings, each once, in the text's order."""
    return tuple(dict.fromkeys(int(found) for found in MENTION.findall(text)))


def count(text: str) -> int:
    """Characters as the strictest reader counts them: an emoji is two."""
    return len(text.encode("utf-16-le")) // 2


def shorten(text: str, length: int) -> str:
    """At most `length` characters; what was cut off leaves an ellipsis."""
    if count(text) <= length:
        return text
    room = length - len(ELLIPSIS)
    kept = text.encode("utf-16-le")[: room * 2].decode("utf-16-le", errors="ignore")
    return kept.rstrip() + ELLIPSIS


def fit(text: str, limit: int = LIMIT) -> str:
    """A finished message within Discord's limit, cut between lines, else between words: never
    inside a mention or behind a lone backslash."""
    text = text.strip()
    if count(text) <= limit:
        return text
    kept = shorten(text, limit - 1).removesuffix(ELLIPSIS)
    for boundary in ("\n", " "):
        head, found, _ = kept.rpartition(boundary)
        if found and head.strip():
            return f"{head.rstrip()}{boundary}{ELLIPSIS}"
    return kept.rstrip("\\") + ELLIPSIS
