"""Refusal: the exception that services raise for a request that the rules do not allow."""


class Refusal(Exception):
    """A request was refused and nothing was changed.

    `code` identifies the reason for programs ("already_member"); `sentence` explains it to people.
    """

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
