"""Public holidays of countries and regions, by ISO code: "DE", or "DE-BE". Pure."""

from datetime import date

import holidays


def is_country(code: str) -> bool:
    country, _, region = code.partition("-")
    known = holidays.list_supported_countries(include_aliases=False)
    return country in known and (not region or region in known[country])


def find_holidays(code: str, first: date, last: date) -> dict[date, str]:
    """Return the holidays from one day to another, in English where the names are translated.

    An unknown code, which only plain SQL can store, has none.
    """
    if not is_country(code):
        return {}
    country, _, region = code.partition("-")
    years = range(first.year, last.year + 1)
    found = holidays.country_holidays(country, subdiv=region or None, years=years, language="en_US")
    return {day: name for day, name in sorted(found.items()) if first <= day <= last}
