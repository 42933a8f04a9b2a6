"""People: the project's user model, and requests to erase what is held about someone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.timezone import now

from cohorts.validators import check_address, check_snowflake, check_zone


def normalize_email(email: str | None) -> str | None:
    """Return the form in which addresses are stored and compared; None for an empty one."""
    return (email or "").strip().lower() or None


def match_address(email: str | None) -> str | None:
    """Return the form in which an address is looked up at sign-in; None unless it is ASCII.

    Lower-casing maps some other letters to ASCII (U+212A, the Kelvin sign, to k), so the owner of a
    lookalike address could sign in as another person.
    """
    return normalize_email(email) if email and email.isascii() else None


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str | None, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        email = match_address(username)
        if email is None:
            raise self.model.DoesNotExist("No one has this address.")
        return self.get(email=email)

    def being_erased(self) -> models.QuerySet[User]:
        """Return the people whose erasure is approved and not done."""
        return self.filter(erasure__state=ErasureRequest.State.APPROVED).order_by("pk")


class User(AbstractBaseUser, PermissionsMixin):
    """A person: learner, facilitator or staff.  Identified by e-mail, ignoring case."""

    email = models.EmailField(
        "e-mail", null=True, blank=True, unique=True, validators=[check_address]
    )
    name = models.CharField(max_length=150)
    nickname = models.CharField(
        max_length=80, blank=True, help_text="Shown instead of the name, if set."
    )
    discord_id = models.BigIntegerField(
        "Discord ID", null=True, blank=True, unique=True, validators=[check_snowflake]
    )
    discord_name = models.CharField("Discord name", max_length=80, blank=True)
    # Avatar hash on Discord, and the address that Discord reported last: only a changed address is
    # copied to `email`.
    discord_avatar = models.CharField(max_length=40, blank=True, editable=False)
    discord_email = models.EmailField(blank=True, editable=False)
    timezone = models.CharField("time zone", max_length=64, default="UTC", validators=[check_zone])
    # NULL while the zone is only a guess of the roster import.
    zone_chosen_at = models.DateTimeField(null=True, blank=True, editable=False)
    wants_email = models.BooleanField("messages by e-mail", default=True)
    wants_discord = models.BooleanField("messages on Discord", default=True)
    is_staff = models.BooleanField("staff", default=False)
    is_active = models.BooleanField("active", default=True)
    # How many times all sessions of this person were ended: part of the session hash.
    sign_ins_ended = models.PositiveIntegerField(default=0, editable=False)
    date_joined = models.DateTimeField(default=now)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name = "person"
        verbose_name_plural = "people"
        ordering = ["name", "id"]
        permissions = [("viewas_user", "Can see Lens as a learner or facilitator does")]
        constraints = [
            # Plain SQL and bulk_create bypass save(): this still prevents two spellings of one
            # address.
            models.UniqueConstraint(Lower("email"), name="user_email_in_any_case"),
            models.CheckConstraint(
                condition=models.Q(discord_id__isnull=True) | models.Q(discord_id__gt=0),
                name="user_discord_id_positive",
            ),
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        return self.nickname or self.name or self.email or f"Person {self.pk}"

    @property
    def is_privileged(self) -> bool:
        """Return whether the person is staff, or a superuser without the staff flag."""
        return self.is_staff or self.is_superuser

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.display_name

    def clean(self) -> None:
        self.email = normalize_email(self.email)

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        self.email = normalize_email(self.email)
        if self._is_being_closed():
            self.sign_ins_ended += 1
            if update_fields is not None:
                update_fields = {*update_fields, "sign_ins_ended"}
        super().save(*args, update_fields=update_fields, **kwargs)

    def _is_being_closed(self) -> bool:
        if self.is_active or self.pk is None:
            return False
        return type(self).objects.filter(pk=self.pk, is_active=True).exists()

    # A session stores this hash and ends when it differs, no matter how the account was changed.
    # Closing an account ends its sessions at once; because of the counter, they do not come back if
    # the account is opened again.

    def get_session_auth_hash(self) -> str:
        return f"{super().get_session_auth_hash()}{self._identity()}"

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        for text in super().get_session_auth_fallback_hash():
            yield f"{text}{self._identity()}"

    def _identity(self) -> str:
        """Return a suffix that changes with the address, the Discord id or `sign_ins_ended`."""
        facts = (self.sign_ins_ended, self.discord_id, normalize_email(self.email))
        return "-" + hashlib.sha256(repr(facts).encode()).hexdigest()[:32]


class ErasureRequest(models.Model):
    """A person's data are to be erased, or were.

    The person may ask; a superuser approves, which closes the account.  From then on providers
    remove the person from the objects that we made, also from past ones.  Once nothing is left
    there, the rows are emptied, and this one remains as the record of it.
    """

    class State(models.TextChoices):
        ASKED = "asked", "requested"
        APPROVED = "approved", "being erased"
        DONE = "done", "erased"

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="erasure",
        verbose_name="person",
    )
    state = models.CharField(max_length=8, choices=State, default=State.ASKED)
    asked_at = models.DateTimeField("requested at", default=timezone.now)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    approved_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField("erased at", null=True)

    class Meta:
        ordering = ["-asked_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_state_display()}"
