"""The server and its templates name no service: a new one needs no change there."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
LISTS_THE_SERVICES = ROOT / "lens/sandbox/services.py"
NAMES = re.compile("discord|google|calendar|guild", re.IGNORECASE)


def test_only_the_list_of_services_names_one() -> None:
    files = [*(ROOT / "lens/sandbox").rglob("*.py"), *(ROOT / "templates/sandbox").glob("*.*")]
    assert len(files) > 15
    assert LISTS_THE_SERVICES in files
    naming = [path for path in files if NAMES.search(path.read_text(encoding="utf-8"))]
    assert naming == [LISTS_THE_SERVICES]
