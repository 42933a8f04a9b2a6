"""The forms and buttons of a page, as a browser would send them."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

TICKED = ("checkbox", "radio")


@dataclass(frozen=True)
class Request:
    """What one button sends."""

    method: str
    path: str
    data: tuple[tuple[str, str], ...] = ()
    query: str = ""


@dataclass
class _Form:
    method: str
    action: str
    id: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[dict[str, str]] = field(default_factory=list)
    is_typed_in: bool = False  # then Enter sends it, also without a button


class FormReader(HTMLParser):
    """Collects a page's forms, with what their fields hold, and the addresses that htmx fetches."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address
        self.forms: list[_Form] = []
        self.elsewhere: list[dict[str, str]] = []  # buttons and fields with a `form` attribute
        self.fetched: list[Request] = []
        self._open: _Form | None = None
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        for name in ("hx-get", "hx-post"):
            if name in found:
                self.fetched.append(self._request(name[3:], found[name]))
        match tag:
            case "form":
                method = found.get("method", "get").lower()
                self._open = _Form(method, found.get("action", ""), found.get("id", ""))
                self.forms.append(self._open)
            case "select":
                self._select = found.get("name", "")
            case "option" if self._open and self._select and "selected" in found:
                self._open.fields.append((self._select, found.get("value", "")))
            case "input" | "button" | "textarea":
                self._add(tag, found)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        if tag == "select":
            self._select = ""

    def _add(self, tag: str, found: dict[str, str]) -> None:
        kind = found.get("type", "submit" if tag == "button" else "text")
        is_button = kind in ("submit", "image")
        if "disabled" in found or kind in ("button", "reset", "file"):
            return
        if found.get("form"):
            self.elsewhere.append(found)
        elif self._open and is_button:
            self._open.buttons.append(found)
        elif self._open and found.get("name") and (kind not in TICKED or "checked" in found):
            self._open.fields.append((found["name"], found.get("value", "")))
            self._open.is_typed_in |= kind != "hidden"

    def requests(self) -> list[Request]:
        """Return what each button of each form sends."""
        made = list(self.fetched)
        for form in self.forms:
            buttons = form.buttons + [each for each in self.elsewhere if each["form"] == form.id]
            for button in buttons or [{}] * form.is_typed_in:
                named = [(button["name"], button.get("value", ""))] if button.get("name") else []
                method = button.get("formmethod", form.method)
                made.append(
                    self._request(
                        method, button.get("formaction", form.action), (*form.fields, *named)
                    )
                )
        return made

    def _request(self, method: str, action: str, data: tuple[tuple[str, str], ...] = ()) -> Request:
        parts = urlsplit(urljoin(self.address, action))
        return Request(method, parts.path, tuple(data), parts.query)


def requests_of(address: str, page: str) -> list[Request]:
    reader = FormReader(address)
    reader.feed(page)
    return reader.requests()
