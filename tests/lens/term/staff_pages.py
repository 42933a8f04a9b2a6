"""Pages as a browser handles them: it reads a form, changes some fields, and sends it."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from django.test import Client
from django.utils.html import strip_tags


@dataclass
class PageForm:
    """A form and what it would send unchanged, without its buttons."""

    action: str
    fields: list[tuple[str, str]] = field(default_factory=list)

    @property
    def names(self) -> set[str]:
        return {name for name, _ in self.fields}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[PageForm] = []
        self._select: tuple[str, bool, list[tuple[str, bool]]] | None = None
        self._textarea: tuple[str, list[str]] | None = None

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        said = {name: value or "" for name, value in attrs}
        name = said.get("name", "")
        if tag == "form":
            self.forms.append(PageForm(said.get("action", "")))
        elif tag == "input" and name:
            self._read_input(name, said)
        elif tag == "select" and name:
            self._select = name, "multiple" in said, []
        elif tag == "option" and self._select:
            self._select[2].append((said.get("value", ""), "selected" in said))
        elif tag == "textarea" and name:
            self._textarea = name, []

    def _read_input(self, name: str, said: dict[str, str]) -> None:
        kind = said.get("type", "text")
        is_sent = kind not in {"submit", "button", "file", "image", "reset"}
        if kind in {"checkbox", "radio"}:
            is_sent = "checked" in said
        empty = "on" if kind in {"checkbox", "radio"} else ""
        if self.forms and is_sent:
            self.forms[-1].fields.append((name, said.get("value", empty)))

    def handle_endtag(self, tag: str) -> None:
        if tag == "select" and self._select:
            name, is_multiple, options = self._select
            chosen = [value for value, is_chosen in options if is_chosen]
            if not chosen and not is_multiple and options:
                chosen = [options[0][0]]
            self.forms[-1].fields += [(name, value) for value in chosen]
            self._select = None
        elif tag == "textarea" and self._textarea:
            name, parts = self._textarea
            self.forms[-1].fields.append((name, "".join(parts).removeprefix("\n")))
            self._textarea = None

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self._textarea[1].append(data)


@dataclass
class Page:
    """An answer of Lens. `address`: where a form without an action is sent."""

    client: Client
    address: str
    answer: Any

    @property
    def text(self) -> str:
        return str(self.answer.content.decode())

    @property
    def words(self) -> str:
        """The text of the main part, for messages of failing tests."""
        main = self.text.partition('id="content-start"')[2] or self.text
        return " ".join(strip_tags(main).split())[:3000]

    def form(self, having: str) -> PageForm:
        """The form that has a field of this name."""
        reader = _Reader()
        reader.feed(self.text)
        return next(one for one in reader.forms if having in one.names)

    def send(self, having: str, **changed: Any) -> Page:
        """Send the form that has this field, with some values changed: a list for several."""
        form = self.form(having)
        data: dict[str, Any] = {}
        for name, value in form.fields:
            data.setdefault(name, []).append(value)
        return open_page(self.client, form.action or self.address, {**data, **changed})


def open_page(client: Client, address: str, data: dict[str, Any] | None = None) -> Page:
    """GET a page, or POST to it; redirects are followed, as a browser does."""
    if data is None:
        answer = client.get(address, follow=True)
    else:
        answer = client.post(address, data, follow=True)
    chain = answer.redirect_chain
    return Page(client, chain[-1][0] if chain else address, answer)
