"""A file is understood, or each bad line is reported."""

from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohorts.roster.file.columns import COLUMNS
from cohorts.roster.file.decoding import MAX_BYTES
from cohorts.roster.file.reading import MAX_LINES
from cohorts.roster.file.rows import Roster, parse
from cohorts.roster.file.slots import TBD, RosterSlot
from tests.support.roster import make_file, make_line


def parse_text(text: str) -> Roster:
    return parse(text.encode())


def told(roster: Roster) -> list[tuple[int, str]]:
    return [(problem.line, problem.column) for problem in roster.problems]


def test_a_line_is_read():
    roster = parse_text(make_file(make_line(email="P1@Example.ORG", role="Facilitator")))
    assert roster.problems == roster.notes == ()
    (line,) = roster.lines
    assert (line.number, line.course, line.cohort, line.group) == (2, "Course", "Winter", "Alpha")
    assert (line.start_date, line.number_of_meetings) == (date(2027, 1, 11), 4)
    assert (line.slot, line.timezone) == (RosterSlot(2, time(15), 60), "Europe/Berlin")
    assert (line.name, line.email, line.discord_id) == (
        "Alice",
        "p1@example.org",
        100000000000000101,
    )
    assert line.role == "facilitator"


def test_empty_cells_say_nothing():
    empty = dict.fromkeys(["start_date", "number_of_meetings", "slot", "timezone"], "")
    roster = parse_text(make_file(make_line(**empty, name="", discord_id="", role="")))
    assert roster.problems == ()
    (line,) = roster.lines
    assert (line.start_date, line.number_of_meetings, line.slot, line.timezone) == (None,) * 4
    assert (line.name, line.discord_id, line.role) == ("", None, None)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("beginning", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_what_spreadsheets_do_to_a_file_is_understood(delimiter, beginning, end):
    text = make_file(make_line(), make_line("Bob", 2, slot=""), delimiter=delimiter)
    expected = parse_text(make_file(make_line(), make_line("Bob", 2, slot="")))
    assert parse_text(beginning + text.replace("\n", end)) == expected


def test_the_separator_line_that_excel_writes_is_no_header():
    roster = parse_text("sep=;\r\n" + make_file(make_line(role="boss"), delimiter=";"))
    assert told(roster) == [(3, "role")]


def test_columns_may_have_any_order_and_case():
    text = make_file(make_line(), columns=reversed(COLUMNS))
    header, rest = text.split("\n", 1)
    roster = parse_text(f"{header.upper().replace('_', ' ')}\n{rest}")
    assert roster == parse_text(make_file(make_line()))


def test_empty_lines_and_quotes_are_no_obstacle():
    text = make_file(make_line(name='Alice "Ally", née Smith'), make_line("Bob", 2))
    header, alice, bob = text.splitlines()
    roster = parse_text(f"\n{header}\n\n{alice}\n{',' * 10}\n  \n{bob}\n\n")
    assert roster.problems == ()
    assert [line.name for line in roster.lines] == ['Alice "Ally", née Smith', "Bob"]
    assert [line.number for line in roster.lines] == [4, 7]


def test_a_space_before_a_quotation_mark_is_no_obstacle():
    header, alice = make_file(make_line(name="Smith, Alice")).splitlines()
    (line,) = parse_text(f"{header}\n{alice.replace(',', ', ')}\n").lines
    assert line.name == "Smith, Alice"


def test_a_cell_over_two_lines_counts_lines_as_an_editor_does():
    roster = parse_text(make_file(make_line(name="Alice\nSmith"), make_line("Bob", 2, role="boss")))
    assert roster.lines[0].name == "Alice Smith"
    assert told(roster) == [(4, "role")]


def test_two_spellings_of_one_letter_are_one():
    composed, decomposed = (parse_text(make_file(make_line(name=n))) for n in ("É", "E\u0301"))
    assert composed.lines[0].name == decomposed.lines[0].name


def test_cells_left_out_at_the_end_are_empty():
    header, alice = make_file(make_line(role="")).splitlines()
    roster = parse_text(f"{header}\n{alice.removesuffix(',')}\n")
    assert roster.problems == ()


def test_an_unknown_column_is_reported_and_left_aside():
    roster = parse_text(make_file(make_line() | {"notes": "x"}, columns=[*COLUMNS, "notes"]))
    assert roster.problems == ()
    assert roster.notes == ("The column “notes” is not a roster column and was ignored.",)


BAD_CELLS = [
    ("course", "", "must not be empty"),
    ("course", "x" * 101, "The limit is 100"),
    ("cohort", "  ", "must not be empty"),
    ("start_date", "31.02.2027", "2027-01-11"),
    ("start_date", "01/11/2027", "11 January 2027"),
    ("start_date", "2027-02-30", "not a date"),
    ("start_date", "20270111", "not a date"),
    ("start_date", "1027-01-11", "outside the years"),
    ("number_of_meetings", "0", "from 1 to 60"),
    ("number_of_meetings", "61", "from 1 to 60"),
    ("number_of_meetings", "8.0", "from 1 to 60"),
    ("number_of_meetings", "-1", "from 1 to 60"),
    ("number_of_meetings", "٨", "from 1 to 60"),
    ("group", "", "must not be empty"),
    ("group", "x" * 81, "The limit is 80"),
    ("slot", "Wensday 15:00", "not a weekday"),
    ("slot", "Wednesday 3-4pm", "am or pm after both"),
    ("timezone", "Europe/Berln", "Did you mean Europe/Berlin?"),
    ("timezone", "Qqqqqqqq", "Europe/Berlin"),
    ("name", "x" * 151, "The limit is 150"),
    ("name", "Al\x07ice", "control character"),
    ("email", "", "identified by their e-mail"),
    ("email", "alice", "not an e-mail address"),
    ("email", "alice@example", "not an e-mail address"),
    ("email", "alice@example.org, bob@example.org", "not an e-mail address"),
    ("discord_id", "alice#1234", "not a Discord ID"),
    ("discord_id", "12345", "not a Discord ID"),
    ("discord_id", "1.23457E+17", "rounded"),
    ("discord_id", "9" * 25, "not a Discord ID"),
    ("discord_id", "-100000000000000101", "not a Discord ID"),
    ("role", "boss", "participant or facilitator"),
]


@pytest.mark.parametrize(("column", "text", "reason"), BAD_CELLS)
def test_a_bad_cell_is_reported_by_line_and_column(column, text, reason):
    roster = parse_text(make_file(make_line(), make_line(**{column: text})))
    assert told(roster) == [(3, column)]
    assert reason in roster.problems[0].sentence
    assert column in roster.lines[1].bad


def test_all_bad_cells_are_reported_at_once():
    bad = [make_line(**{column: text}) for column, text, _ in BAD_CELLS]
    roster = parse_text(make_file(*bad))
    assert told(roster) == [(line, column) for line, (column, *_) in enumerate(BAD_CELLS, start=2)]


def test_a_zone_may_be_written_in_any_case():
    (line,) = parse_text(make_file(make_line(timezone="europe/berlin"))).lines
    assert line.timezone == "Europe/Berlin"


def test_an_undecided_slot_has_a_value_of_its_own():
    (line,) = parse_text(make_file(make_line(slot="tbd"))).lines
    assert line.slot == TBD


@pytest.mark.parametrize("column", COLUMNS)
def test_a_missing_column_is_reported_once(column):
    columns = [each for each in COLUMNS if each != column]
    roster = parse_text(make_file(make_line(), make_line("Bob", 2), columns=columns))
    assert told(roster) == [(1, column)]


def test_a_column_that_is_there_twice_is_reported():
    text = make_file(make_line(), columns=[*COLUMNS, "role"])
    assert told(parse_text(text)) == [(1, "role")]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"hello\nworld\n", "contain the column names"),
        (",".join(COLUMNS).encode(), "no lines after the header"),
        (make_file(make_line()).encode("utf-16")[:-1], "UTF-16"),
        (make_file(make_line()).encode("utf-16-le"), "null bytes"),
        (b"PK\x03\x04rest of a workbook", "workbook"),
        (b"x" * (MAX_BYTES + 1), "larger than"),
    ],
)
def test_a_file_that_is_no_roster_is_reported(data, reason):
    roster = parse(data)
    assert roster.lines == ()
    (problem,) = roster.problems
    assert reason in problem.sentence
    assert problem.line == 1


def test_lost_letters_are_one_problem_in_all_columns():
    text = make_file(make_line(), make_line(name="Jürgen", group="Zürich"), make_line(name="Zoë"))
    roster = parse(text.encode().replace("ü".encode(), b"\x81"))
    (problem,) = roster.problems
    assert (problem.lines, problem.column) == ((3,), "")
    assert "UTF-8" in problem.sentence


def test_a_cell_too_many_is_reported():
    header, alice = make_file(make_line(role="participant")).splitlines()
    roster = parse_text(f"{header}\n{alice},more\n{alice}\n")
    assert told(roster) == [(2, "")]
    assert "quotation marks" in roster.problems[0].sentence
    assert len(roster.lines) == 1


def test_an_open_quotation_mark_is_reported_where_it_opens():
    header, alice, bob = make_file(make_line(), make_line("Bob", 2)).splitlines()
    roster = parse_text(f"{header}\n{alice}\n{bob.replace('Bob', chr(34) + 'Bob')}\n{alice}\n")
    assert told(roster) == [(3, "")]


def test_a_file_that_is_too_long_is_reported():
    header, alice = make_file(make_line()).splitlines()
    short = f"{header}\n" + f"{alice[:60]}\n" * (MAX_LINES + 1)
    assert f"at most {MAX_LINES} lines" in parse_text(short).problems[-1].sentence


@given(st.binary() | st.text().map(str.encode))
def test_no_bytes_bring_it_down(data):
    roster = parse(data)
    assert roster.lines or roster.problems


pieces = st.sampled_from(
    ["Course", "Winter", ",", ";", "\n", "\r", '"', "\t", " ", "tbd", "é", "\x00", "1", "@", "ſ"]
)


@given(st.lists(pieces).map("".join))
def test_no_lines_under_a_header_bring_it_down(body):
    roster = parse_text(f"{','.join(COLUMNS)}\n{body}")
    assert roster.lines or roster.problems
    assert all(problem.sentence.endswith((".", "?")) for problem in roster.problems)
