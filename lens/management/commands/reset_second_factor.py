"""`manage.py reset_second_factor`: let a person in who lost their phone and recovery codes."""

import logging
from argparse import ArgumentParser
from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.db.models import F

from cohorts.models import User
from cohorts.models.people import normalize_email

log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = (
        "Remove a person's second factor and end all their sessions. They can then sign in with "
        "a password or Discord; staff set up a new one. Verify the person's identity first."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="the person's e-mail address")

    def handle(self, *args: Any, **options: Any) -> None:
        people = User.objects.filter(email=normalize_email(options["email"]))
        person = people.first()
        if person is None:
            raise CommandError(f"No one has the address {options['email']}.")
        with transaction.atomic():
            removed, _ = Authenticator.objects.filter(user=person).delete()
            people.update(sign_ins_ended=F("sign_ins_ended") + 1)
        log.warning("Second factor: removed for person %s by reset_second_factor", person.pk)
        what = "no longer has a second factor" if removed else "had no second factor"
        self.stdout.write(f"{person.display_name} {what}, and is signed out everywhere.")
