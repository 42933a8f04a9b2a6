"""Names that are probably one name are found, and no others."""

from itertools import combinations
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohorts.roster.twins import are_twin_addresses, are_twins, find_twin_addresses, find_twins

TWINS = [
    ("Ginko", "Ginkgo"),
    ("Wren", "Wern"),
    ("Wren", "Wrens"),
    ("Heron", "Horon"),
    ("Zürich", "Zurich"),
    ("Blue-Tit", "Blue tit"),
    ("Blue tit", "Bluetit"),
    ("Winter 2027", "Wintr 2027"),
    ("Tuesday evening", "Tuesday evning"),
    ("Anna Müller", "Anna Mueler"),
]
DIFFERENT = [
    ("Ginkgo", "ginkgo"),  # the same name: an import ignores case
    ("Group 1", "Group 2"),
    ("Group 1", "Group 11"),
    ("Group 11", "Group 1-1"),
    ("Group1", "Group2"),
    ("Winter 2027", "Winter 2028"),
    ("Winter 2027a", "Winter 2027b"),
    ("Group A", "Group B"),
    ("A", "B"),
    ("Owl", "Oil"),
    ("Tuesday evening", "Thursday evening"),
    ("Heron", "Otter"),
    ("Group", "Group A"),
    ("Anna Miller", "Hanna Muller"),
    ("", "A"),
    ("!!", "??"),
]


@pytest.mark.parametrize(("one", "other"), TWINS)
def test_twins_are_recognized_in_either_order(one, other):
    assert are_twins(one, other)
    assert are_twins(other, one)
    assert find_twins([one], [other]) == [(one, other)]


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_names_that_differ_on_purpose_or_by_more_are_none(one, other):
    assert not are_twins(one, other)
    assert not are_twins(other, one)
    assert find_twins([one, other]) == []


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("jonas@gmial.com", "jonas@gmail.com", True),
        ("jonas.lind@x.org", "jonaslind@x.org", True),
        ("Jonas@x.org", "jonas@x.org", False),
        ("p1@x.org", "p2@x.org", False),
        ("jonas@x.org", "maria@x.org", False),
    ],
)
def test_addresses_with_one_mistake_are_twins(one, other, expected):
    assert are_twin_addresses(one, other) == are_twin_addresses(other, one) == expected
    assert bool(find_twin_addresses([one], [other])) == expected


words = st.text("abé1 -", max_size=7)


@given(st.lists(words, unique=True, max_size=12), st.lists(words, unique=True, max_size=12))
def test_the_search_finds_the_same_pairs_as_comparing_all_with_all(new, known):
    known = [name for name in known if name not in new]
    expected = {
        frozenset(pair)
        for pair in [*combinations(new, 2), *((one, other) for one in new for other in known)]
        if are_twins(*pair)
    }
    found = find_twins(new, known)
    assert {frozenset(pair) for pair in found} == expected
    assert all(are_twins(other, one) for one, other in found)
    assert len(found) == len(expected)
    assert all(one in new for one, _ in found)


@given(st.lists(st.text("ab.1@", max_size=7), unique=True, max_size=12))
def test_addresses_are_found_as_if_all_were_compared(addresses):
    expected = {frozenset(p) for p in combinations(addresses, 2) if are_twin_addresses(*p)}
    assert {frozenset(pair) for pair in find_twin_addresses(addresses)} == expected


@given(st.text("abcdefgh", min_size=5, max_size=12), st.data())
def test_one_mistake_in_a_long_word_makes_a_twin(name, data):
    place = data.draw(st.integers(0, len(name) - 1))
    letter = data.draw(st.sampled_from("xyz"))
    for wrong in (
        name[:place] + name[place + 1 :],
        name[:place] + letter + name[place + 1 :],
        name[:place] + letter + name[place:],
    ):
        assert find_twins([wrong], [name]) == [(wrong, name)]


def test_5000_names_take_no_minutes():
    began = process_time()
    assert find_twins([f"Group {n} of Winter" for n in range(5000)]) == []
    assert find_twin_addresses([f"person{n}@example.org" for n in range(5000)]) == []
    assert process_time() - began < 10
