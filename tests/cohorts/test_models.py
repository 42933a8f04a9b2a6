"""The rules that are in the database, not only in forms."""

import pytest
from django.db import IntegrityError, connection

from cohorts.models import User

pytestmark = pytest.mark.django_db


def test_the_tests_run_on_postgresql():
    assert connection.vendor == "postgresql"


def test_two_spellings_of_one_address_are_one_person():
    User.objects.create_user("Alice@Example.org", name="Alice")
    with pytest.raises(IntegrityError):
        User.objects.bulk_create([User(email="ALICE@example.org", name="Alice again")])
