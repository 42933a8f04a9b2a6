"""Files for a spreadsheet leave nothing else behind."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cohorts.errors import Refusal
from cohorts.exports.answering import check_size
from cohorts.exports.file_formats import write_xlsx


def test_a_workbook_that_cannot_be_finished_leaves_no_rows_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def rows() -> Iterator[list[str]]:
        yield ["Ann"]
        check_size(50_001)

    with pytest.raises(Refusal):
        write_xlsx(io.BytesIO(), ["Name"], rows())
    assert list(tmp_path.iterdir()) == []
