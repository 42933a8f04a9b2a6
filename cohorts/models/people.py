"""People.  The project's user model."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils.timezone import now

from cohorts.validators import check_snowflake, check_zone


def normalize_email(email: str | None) -> str | None:
    """The one form in which addresses are kept and compared; None for an empty one."""
    return (email or "").strip().lower() or None


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str | None, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=normalize_email(username))


class User(AbstractBaseUser, PermissionsMixin):
    """A person: learner, facilitator or staff.  Known by e-mail, in any case."""

    email = models.EmailField("e-mail", null=True, blank=True, unique=True)
    name = models.CharField(max_length=150)
    nickname = models.CharField(
        max_length=80, blank=True, help_text="Shown in place of the name when it is set."
    )
    discord_id = models.BigIntegerField(
        "Discord id", null=True, blank=True, unique=True, validators=[check_snowflake]
    )
    discord_name = models.CharField("Discord name", max_length=80, blank=True)
    timezone = models.CharField("time zone", max_length=64, default="UTC", validators=[check_zone])
    wants_email = models.BooleanField("messages by e-mail", default=True)
    wants_discord = models.BooleanField("messages on Discord", default=True)
    is_staff = models.BooleanField("staff", default=False)
    is_active = models.BooleanField("active", default=True)
    date_joined = models.DateTimeField(default=now)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name = "person"
        verbose_name_plural = "people"
        ordering = ["name", "id"]
        constraints = [
            # Plain SQL and bulk_create bypass save(): two spellings of one address stay out anyway.
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

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.display_name

    def clean(self) -> None:
        self.email = normalize_email(self.email)

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = normalize_email(self.email)
        super().save(*args, **kwargs)
