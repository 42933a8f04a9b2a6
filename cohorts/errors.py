"""A refusal is an answer, not a failure: it has a name and a sentence a person can act on."""

from __future__ import annotations


class Refusal(Exception):
    """Something asked for that the rules do not allow.  Nothing has been changed.

    `code` is the refusal's name, for programs ("already_member"); `sentence` is for people.
    """

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
