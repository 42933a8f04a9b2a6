"""Files of other encodings are read as what they are, or refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohorts.roster.file.decoding import LOST, decode, repair
from cohorts.roster.file.rows import parse
from tests.support.roster import make_file, make_line

TEXT = make_file(make_line("Jürgen Weiß’ Freund"), make_line("Zoë", 2), delimiter=";")


@pytest.mark.parametrize(
    ("python_name", "name"),
    [("utf-8", ""), ("utf-8-sig", ""), ("utf-16", "UTF-16"), ("cp1252", "Windows-1252")],
)
def test_each_encoding_that_excel_writes_is_read_and_named(python_name, name):
    roster = parse(TEXT.encode(python_name))
    assert roster.problems == ()
    assert [line.name for line in roster.lines] == ["Jürgen Weiß’ Freund", "Zoë"]
    assert roster.notes == (
        (f"The file is not UTF-8 and was read as {name}. Check letters such as those of “Jürgen”.",)
        if name
        else ()
    )


def test_utf_16_with_tabs_is_read_in_either_byte_order():
    text = "\ufeff" + make_file(make_line("Jürgen"), delimiter="\t")
    for order in ("utf-16-le", "utf-16-be"):
        assert parse(text.encode(order)).lines[0].name == "Jürgen"


def test_a_damaged_utf_8_file_is_not_taken_for_windows_1252():
    """Otherwise each of its good letters would be two wrong ones."""
    damaged = "Zoë Jürgen Weiß".encode().replace("ß".encode(), b"\xdf")
    assert decode(damaged).text == f"Zoë Jürgen Wei{LOST}"
    assert decode(b"\xef\xbb\xbf" + b"Wei\xdf").text == f"Wei{LOST}"


def test_letters_that_form_a_valid_sequence_by_accident_change_nothing():
    text = "Weiß’ Jürgen, Zoë, Björn"  # ß and ’ of Windows-1252 are one letter of UTF-8
    assert decode(text.encode("cp1252")).text == text


@given(st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_utf_8_is_always_read_as_utf_8(text):
    assert decode(f"name{text}".encode()).encoding == ""


@given(st.text("aÄöüßéèêñçåøŠž’–€", min_size=1).filter(lambda text: not text.isascii()))
def test_windows_1252_is_read_unless_it_is_valid_utf_8(text):
    data = f"name {text}".encode("cp1252")
    read = decode(data)
    assert read.text == data.decode(read.encoding or "utf-8", errors="replace")


@pytest.mark.parametrize("name", ["Jürgen Weiß", "Żółw", "Zoë’s group", "Ève"])
def test_what_was_read_with_the_wrong_encoding_is_recognized(name):
    assert repair(name.encode().decode("cp1252")) == name


@pytest.mark.parametrize("name", ["Anna", "Jürgen Weiß", "Weiß’ Gruppe", "Ångström", "李", "Ä–ß"])
def test_a_proper_name_is_left_alone(name):
    assert repair(name) == name
