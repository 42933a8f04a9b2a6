"""Dates are read as written, or the column that leaves it open is explained once."""

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohorts.roster.file.dates import DateOrder, find_order, parse_date
from cohorts.roster.file.rows import parse
from cohorts.roster.problems import CellError
from tests.support.roster import make_file, make_line

days = st.dates(date(2000, 1, 1), date(2100, 12, 31))


@given(days, st.lists(days, max_size=3))
def test_the_year_first_and_dots_need_no_other_date(day, others):
    order = find_order([f"{other:%d/%m/%Y}" for other in others])
    for text in (
        f"{day}",
        f"{day:%Y/%m/%d}",
        f"{day.day}.{day.month}.{day.year}",
        f"{day} 00:00:00",
    ):
        assert parse_date(text, order) == day


@given(st.lists(days, min_size=1), st.sampled_from(["%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y"]))
def test_a_column_is_read_as_it_was_written_or_refused_as_a_whole(column, written):
    texts = [day.strftime(written) for day in column]
    order = find_order(texts)
    clear = any(day.day > 12 for day in column)
    said = set()
    for text, day in zip(texts, column, strict=True):
        if clear or day.day == day.month:
            assert parse_date(text, order) == day
        else:
            with pytest.raises(CellError) as refused:
                parse_date(text, order)
            said.add(str(refused.value))
    assert len(said) <= 1


def test_unclear_dates_are_one_problem_and_say_what_they_could_be():
    cells = ["01/11/2027", "01/12/2027", "01/11/2027"]
    lines = [make_line(cohort=f"C{n}", start_date=cell) for n, cell in enumerate(cells)]
    (problem,) = parse(make_file(*lines).encode()).problems
    assert problem.lines == (2, 3, 4)
    assert problem.sentence == (
        "01/11/2027 could be 1 November 2027 or 11 January 2027. Enter year-month-day, for example "
        "2027-11-01; in a spreadsheet, give the column the format yyyy-mm-dd."
    )


def test_a_time_after_several_spaces_leaves_a_date_as_unclear():
    cell = "01/12/2027  00:00"
    (problem,) = parse(make_file(make_line(start_date=cell)).encode()).problems
    assert problem.sentence.startswith("01/12/2027 could be 1 December 2027 or 12 January 2027.")


def test_dates_that_contradict_each_other_prove_nothing():
    order = find_order(["13/01/2027", "01/13/2027", "02/03/2027"])
    assert order.day_first is None
    with pytest.raises(CellError, match="2 March 2027 or 3 February 2027"):
        parse_date("02/03/2027", order)


def test_a_dot_proves_nothing_about_slashes():
    assert find_order(["13.01.2027", "02/03/2027"]).day_first is None


@pytest.mark.parametrize(
    ("column", "note"),
    [
        (["2027-01-11"], ""),
        (["01/11/2027"], ""),
        (["11.01.2027"], "Dates: 11.01.2027 was read as 11 January 2027."),
        (["13/01/2027", "02/03/2027"], "Dates: 02/03/2027 was read as 2 March 2027."),
        (["01/13/2027", "02/03/2027"], "Dates: 02/03/2027 was read as 3 February 2027."),
        (["99.99.2027"], ""),
    ],
)
def test_it_is_said_how_dates_were_read(column, note):
    assert find_order(column).note == note


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("11.01.27", "year of two digits"),
        ("46398", "spreadsheet's number for a date"),
        ("11 January 2027", "is not a date"),
        ("31/02/2027", "is not a date"),
        ("2027-01-11 10:00", "is not a date"),
        ("0/1/2027", "is not a date"),
        ("11.01-2027", "is not a date"),
        ("11.01.1999", "outside the years"),
    ],
)
def test_what_is_no_date_is_explained(text, reason):
    with pytest.raises(CellError, match=reason):
        parse_date(text, DateOrder())


@given(st.lists(st.text("0123456789/-. T:", max_size=12)))
def test_no_column_brings_it_down(column):
    order = find_order(column)
    assert isinstance(order.note, str)
    for text in column:
        with suppress(CellError):
            parse_date(" ".join(text.split()), order)
