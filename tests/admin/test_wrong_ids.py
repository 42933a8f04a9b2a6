"""Addresses and forms that name rows which do not exist."""

import pytest

from tests.admin.reading import text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_discord")]


@pytest.mark.parametrize(
    "address",
    [
        "cohorts/membership/add/?user=x&group=9999-12-31",
        "cohorts/group/add/?cohort=%C2%B2",
        "meetings/attendance/add/?meeting=-1&user=x",
    ],
)
def test_an_address_that_chooses_no_row_chooses_nothing(staff, address):
    assert staff.get(f"/admin/{address}").status_code == 200
    name = address.partition("?")[2].partition("=")[0]
    refused = staff.post(f"/admin/{address.partition('?')[0]}", {name: "x"})
    assert "That choice is not one of the available choices" in text_of(refused)
