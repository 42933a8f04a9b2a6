"""What is answered where no view answers."""

from __future__ import annotations

import pytest
from django.core.signals import got_request_exception
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/nowhere/", "/meetings/0/alternatives/", "/admin/nowhere/"])
def test_a13_a_form_without_a_boundary_is_a_400_and_no_failure(path: str) -> None:
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.cookies["csrftoken"] = "a" * 32
    failures: list[object] = []

    def note(**told: object) -> None:
        failures.append(told)

    got_request_exception.connect(note)
    try:
        answer = client.post(path, b"x", content_type="multipart/form-data")
    finally:
        got_request_exception.disconnect(note)
    assert answer.status_code == 400
    assert failures == []
