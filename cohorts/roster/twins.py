"""Find names that are probably one name, written differently.  Pure.

    Ginko, Ginkgo               one letter missing
    Wren, Wern                  two letters swapped
    Zürich, Zurich; Blue-Tit, Blue tit      accents, punctuation
    Group 1, Group 2; A, B      not twins: digits and short words tell things apart on purpose

Names are not compared in pairs, which for 5,000 of them would take minutes: two names that differ
by one letter become equal when that letter is left out of both.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator

SHORTEST = 4  # letters of a word in which a different letter is a mistake


def find_twins(new: Iterable[str], known: Iterable[str] = ()) -> list[tuple[str, str]]:
    """Return each new name that has a twin, with the twin.  Of two new names there is one pair."""
    return _find_pairs(new, known, simplify, are_twins)


def find_twin_addresses(new: Iterable[str], known: Iterable[str] = ()) -> list[tuple[str, str]]:
    """Return each new e-mail address that differs from another one by one letter or sign."""
    return _find_pairs(new, known, str.lower, are_twin_addresses)


def _find_pairs(
    new: Iterable[str],
    known: Iterable[str],
    simplified: Callable[[str], str],
    matches: Callable[[str, str], bool],
) -> list[tuple[str, str]]:
    """Return the pairs of names that match; the first of each is new."""
    similar: dict[str, list[str]] = {}
    for name in dict.fromkeys(known):
        for variant in _variants(simplified(name)):
            similar.setdefault(variant, []).append(name)
    pairs = []
    for name in dict.fromkeys(new):
        candidates: dict[str, None] = {}
        for variant in _variants(simplified(name)):
            candidates.update(dict.fromkeys(similar.setdefault(variant, [])))
            similar[variant].append(name)
        pairs += [(name, other) for other in candidates if matches(name, other)]
    return pairs


def _variants(text: str) -> Iterator[str]:
    """Yield the text, and the text without one of its letters."""
    yield text
    for place, letter in enumerate(text):
        if not letter.isdigit():
            yield text[:place] + text[place + 1 :]


def simplify(name: str) -> str:
    """Return the name without case, accents and punctuation."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join(re.findall(r"\w+", bare.replace("_", " ")))


def are_twins(one: str, other: str) -> bool:
    """Return whether two names, which are not equal, are probably one."""
    if one.casefold() == other.casefold():
        return False
    first, second = simplify(one), simplify(other)
    if first == second:
        return bool(first)
    place, left, right = split_difference(first, second)
    if not is_one_mistake(left, right):
        return False
    longer = max(first, second, key=len)
    if (left + right).isspace():
        around = longer[place - 1] + longer[place + 1]
        return len(longer) > SHORTEST and around.isalpha()
    if not (left + right).isalpha():
        return False
    word = _word_at(longer, place)
    return len(word) >= SHORTEST and word.isalpha()


def _word_at(text: str, place: int) -> str:
    return text[text.rfind(" ", 0, place) + 1 :].split(" ", maxsplit=1)[0]


def are_twin_addresses(one: str, other: str) -> bool:
    """Return whether two e-mail addresses, which are not equal, differ by one mistake."""
    _, left, right = split_difference(one.lower(), other.lower())
    difference = left + right
    return (
        is_one_mistake(left, right)
        and "@" not in difference
        and not any(letter.isdigit() for letter in difference)
    )


def split_difference(one: str, other: str) -> tuple[int, str, str]:
    """Return where two texts begin to differ, and what of each is neither in the common beginning
    nor in the common end."""
    start = _count_equal(one, other)
    one, other = one[start:], other[start:]
    end = _count_equal(one[::-1], other[::-1])
    return start, one[: len(one) - end], other[: len(other) - end]


def _count_equal(one: str, other: str) -> int:
    """Return how many letters at the beginning are equal."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(one), len(other)))


def is_one_mistake(left: str, right: str) -> bool:
    """Return whether a letter is missing, too many, another one, or swapped with the next."""
    if left == right:
        return False
    is_swapped = len(left) == 2 and left == right[::-1]
    return max(len(left), len(right)) <= 1 or is_swapped
