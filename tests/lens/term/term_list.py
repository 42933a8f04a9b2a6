"""The list written by hand: what each act of the term leads to.

All times are on Berlin's clock. Birds meet on Tuesdays, Beasts on Wednesdays, Trees on Thursdays,
each at 18:00, from 12, 13 and 14 January 2027 on.
"""

from __future__ import annotations

from tests.lens.term.term_begins import FIRST_STAGES
from tests.lens.term.term_ends import LAST_STAGES

TERM = (*FIRST_STAGES, *LAST_STAGES)
