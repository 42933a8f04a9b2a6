"""The form for signing in with a password."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import LoginForm
from django.core.exceptions import ValidationError

from cohorts.models.people import match_address


def check_address(text: str) -> None:
    """Raise ValidationError if no one can be found by this address."""
    if match_address(text) is None:
        raise ValidationError("Enter an address that uses only the letters A to Z.")


class SignInForm(LoginForm):
    """allauth's form, which counts failures. The field of the address keeps its former name."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = "E-mail"
        self.fields["login"].validators.append(check_address)  # before it is lower-cased
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)

    def add_prefix(self, field_name: str) -> str:
        return "username" if field_name == "login" else str(super().add_prefix(field_name))
