"""`manage.py check_connections`: what a production set-up needs, before anything else runs."""

import asyncio
from argparse import ArgumentParser
from collections.abc import Iterator
from itertools import chain
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email

from cohorts.reconcile.provider import ChecksService, provider_admins, provider_specs
from cohorts.reconcile.values import Check
from lens.connections.signing_in import check_signing_in
from lens.connections.surroundings import check_clock, check_database, check_mail, check_zones


class Command(BaseCommand):
    help = (
        "Check the database, clock, time zones, mail, Discord and Google Calendar. Each problem is "
        "named with the step of the documentation that solves it. Nothing is changed."
    )
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--email", default="", metavar="ADDRESS", help="send a test e-mail to yourself"
        )

    def handle(self, *args: Any, email: str, **options: Any) -> None:
        if email:
            check_address(email)
        problems = 0
        for check in find_lines(email):
            problems += not check.ok
            step = f" See {check.step}." if check.step else ""
            self.stdout.write(
                f"{'OK     ' if check.ok else 'PROBLEM'} {check.what}: {check.detail}{step}"
            )
            self.stdout.flush()
        if problems:
            raise CommandError(f"{problems} of these need you.")


def check_address(email: str) -> None:
    try:
        validate_email(email)
    except ValidationError as error:
        raise CommandError(f"--email must be an e-mail address; it is {email!r}.") from error


def find_lines(email: str) -> Iterator[Check]:
    surroundings = (check_database(), check_clock(), check_zones(), check_mail(email))
    yield from chain.from_iterable(surroundings)
    specs = provider_specs()
    for admin in provider_admins.values():
        if not isinstance(admin, ChecksService):
            continue
        for check in asyncio.run(admin.check_service()):
            title = f"{specs[admin.name].title}, {check.what}"
            yield Check(title, check.ok, check.detail, check.step)
    if found := check_signing_in():
        yield found
