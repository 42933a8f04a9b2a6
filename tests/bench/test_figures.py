"""What `make bench` says about a figure, beside the committed one and its aim, and about times."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import pytest

from tests.bench.figures import (
    BenchRow,
    compare,
    describe_machine,
    draw_table,
    dump,
    read_committed,
    read_rows,
)
from tests.bench.stopwatch import (
    REFERENCE_MS,
    Measured,
    cpu_measured,
    do_reference_work,
    typical,
)


@pytest.mark.parametrize(
    ("value", "committed", "aim", "marks"),
    [
        (10, 10, 10, ""),
        (12.5, 10, None, ""),
        (12.6, 10, None, "WORSE"),
        (5, 10, 4, "misses its aim"),
        (20, 10, 15, "WORSE, misses its aim"),
        (20, None, 30, ""),
        (0, 0, 0, ""),
        (1, 0, 0, "WORSE, misses its aim"),
    ],
)
def test_a_row_is_marked_if_it_got_worse_than_the_headroom_or_misses_its_aim(
    value: float, committed: float | None, aim: float | None, marks: str
) -> None:
    assert BenchRow("a booking", value, "ms", aim, committed).marks == marks


def test_a_run_is_compared_with_the_file_that_an_earlier_one_wrote(tmp_path: Path) -> None:
    earlier = tmp_path / "bench.json"
    assert read_committed(earlier) == {}
    earlier.write_text(dump([BenchRow("a booking", 8, "ms", 12), BenchRow("gone", 1, "s")]))

    rows = compare(
        [BenchRow("a booking", 12, "ms", 12), BenchRow("new", 2000, "s")], read_committed(earlier)
    )

    assert [row.committed for row in rows] == [8, None]
    assert [line.split() for line in draw_table(rows)[1:]] == [
        ["a", "booking", "12", "ms", "12", "8", "1.50", "WORSE"],
        ["new", "2,000", "s"],
    ]


def test_a_run_of_one_benchmark_keeps_the_rows_of_the_others(tmp_path: Path) -> None:
    committed = tmp_path / "bench.json"
    committed.write_text(dump([BenchRow("a booking", 8, "ms"), BenchRow("a page", 3, "s", 4, 2)]))

    found = compare([BenchRow("a booking", 12, "ms")], read_committed(committed))
    written = tmp_path / "written.json"
    written.write_text(dump(found, read_rows(committed)))

    assert read_committed(written) == {"a booking": 12, "a page": 3}
    assert read_rows(written)[1] == read_rows(committed)[1]


def test_a_time_is_stated_for_the_reference_machine_beside_what_this_one_needed() -> None:
    slow = BenchRow.of("a booking", Measured(seconds=0.024, slowness=2), "ms", 10)
    queries = BenchRow.of("queries", 24, "queries", None)

    assert (slow.value, slow.measured) == (12, 24)
    assert (queries.value, queries.measured) == (24, None)
    [row] = compare([slow], {"a booking": 8})
    assert (row.ratio, row.marks) == (1.5, "WORSE, misses its aim")
    assert [row.value for row in describe_machine([slow, queries])] == [2, 2, 2]
    assert describe_machine([queries]) == []


def test_the_median_of_several_times_is_that_of_the_adjusted_ones() -> None:
    on_a_slow_machine, quick, slow = Measured(30, 3), Measured(9, 1), Measured(11, 1)

    assert typical([slow, on_a_slow_machine, quick]) is on_a_slow_machine
    assert (on_a_slow_machine / 10).adjusted == 1


def test_reference_work_takes_its_time_on_the_reference_machine_whatever_this_one_is() -> None:
    """A hundred times the work that the stopwatch compares with, and what it spends is left out.
    The median of five, since another machine's work beside it changes the speed within a second."""
    assert do_reference_work() == do_reference_work()
    adjusted = []
    for _ in range(5):
        began = time.process_time()
        with cpu_measured() as cpu:
            for _ in range(100):
                do_reference_work()
        assert cpu.seconds < time.process_time() - began
        assert signal.getitimer(signal.ITIMER_PROF) == (0, 0)
        adjusted.append(cpu.adjusted * 1000)

    assert median(adjusted) == pytest.approx(100 * REFERENCE_MS, rel=0.5)


@pytest.mark.matrix
def test_every_figure_finds_what_it_is_built_with() -> None:
    """CI measures nothing, so a fixture that has gone would show only at the next `make bench`."""
    planned = ["--setup-plan", "-o", "python_files=bench_*.py", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *planned, "tests/bench"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "bench_today.py::test_the_time_of_the_today_page" in done.stdout
    assert done.returncode == 0, done.stdout
