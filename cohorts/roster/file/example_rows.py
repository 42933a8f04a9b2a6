"""The file that staff download to fill in: the names of the columns, and an example of each role.

The examples have addresses that no one can have, by which the import recognizes them.
"""

import codecs
import csv
import io

from cohorts.roster.file.columns import COLUMNS

DOMAIN = "@template.example"  # RFC 2606 reserves this ending for documentation

_GROUP = {
    "course": "Example course",
    "cohort": "Spring 2027",
    "start_date": "2027-04-19",
    "number_of_meetings": "8",
    "group": "Heron",
    "slot": "Wednesday 19:00-20:30",
    "timezone": "Europe/Berlin",
}
_ROWS = (
    _GROUP
    | {"name": "Example facilitator", "email": f"facilitator{DOMAIN}", "role": "facilitator"},
    _GROUP
    | {"name": "Example participant", "email": f"participant{DOMAIN}", "role": "participant"},
)


def write_template() -> bytes:
    """Return the file, with the mark by which Excel recognizes UTF-8."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="")
    writer.writeheader()
    writer.writerows(_ROWS)
    return codecs.BOM_UTF8 + text.getvalue().encode()


def is_example(email: str) -> bool:
    return email.strip().lower().endswith(DOMAIN)
