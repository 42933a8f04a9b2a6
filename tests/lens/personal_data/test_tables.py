"""The list of tables about people is complete."""

from __future__ import annotations

from django.apps import apps
from django.db.models import ForeignKey, OneToOneField

from cohorts.models import User
from lens.personal_data.tables import TABLES

# Tables with a reference to a person that need no line of their own, and why.
EXCEPT = {
    "cohorts.User_groups": "cleared with the account",
    "cohorts.User_user_permissions": "cleared with the account",
    "cohorts.ErasureRequest": "the record of the erasure itself",
    "account.EmailAddress": "never written: addresses are in the account",
    "socialaccount.SocialAccount": "never written: the Discord id is in the account",
}


def test_every_table_with_a_reference_to_a_person_is_listed() -> None:
    listed = {table.model._meta.label for table in TABLES} | set(EXCEPT)
    missing = {
        model._meta.label
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.concrete_fields
        if isinstance(field, ForeignKey | OneToOneField)
        and field.remote_field.model is User
        and field.name == "user"
    }
    assert missing <= listed


def test_every_column_that_is_shown_exists() -> None:
    for table in TABLES:
        for column in (*table.columns, *table.emptied):
            table.model._meta.get_field(column)
