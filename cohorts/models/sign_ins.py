"""Sign-ins that staff have to know of."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from cohorts import clock


class FormerAddress(models.Model):
    """An address that was a person's until Discord told another, so that a roster which still names
    it is recognized and makes no second person."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="former_addresses"
    )
    email = models.EmailField(unique=True)
    until = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "former addresses"

    def __str__(self) -> str:
        return self.email


class AccountLetter(models.Model):
    """A letter about an account that waits to be sent, and is deleted once it is.

    It is no message of the outbox: its words are made when it is sent and are kept nowhere, since a
    link in it opens an account, and neither a hold nor a person's choices keep it back.
    """

    class Kind(models.TextChoices):
        PASSWORD_RESET = "password_reset"  # noqa: S105 - a kind of letter
        ADDRESS_CHANGED = "address_changed"
        DISCORD_CHANGED = "discord_changed"

    kind = models.CharField(max_length=16, choices=Kind)
    # As it was typed, whether or not anybody has it; or the address of before a change.
    address = models.EmailField()
    asked_at = models.DateTimeField(default=clock.now)
    next_try_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["asked_at", "pk"]

    def __str__(self) -> str:
        return self.kind


class RefusedSignIn(models.Model):
    """Something that Discord told at a sign-in and that contradicts the facts here.

    One row for each Discord account and contradiction, however often it is tried; it goes when the
    contradiction has, or when staff delete it.  Strangers leave none.
    """

    class Code(models.TextChoices):
        AMBIGUOUS = "ambiguous", "several people have this address"
        OTHER_ACCOUNT = "other_account", "the person is tied to another Discord account"
        ADDRESS_TAKEN = "address_taken", "the new address belongs to somebody else"

    code = models.CharField("what is wrong", max_length=16, choices=Code)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        related_name="refused_sign_ins",
        verbose_name="person",
    )
    discord_id = models.BigIntegerField("Discord id")
    discord_name = models.CharField("Discord name", max_length=80, blank=True)
    email = models.EmailField("address told by Discord", blank=True)
    first_at = models.DateTimeField("first", default=timezone.now)
    last_at = models.DateTimeField("last", default=timezone.now)

    class Meta:
        verbose_name = "refused sign-in"
        ordering = ["-last_at"]
        constraints = [
            models.UniqueConstraint(fields=["discord_id", "code"], name="refused_sign_in_once")
        ]

    def __str__(self) -> str:
        return f"{self.discord_name} ({self.discord_id}): {self.get_code_display()}"

    @property
    def remedy(self) -> str:
        return REMEDIES[self.Code(self.code)]


REMEDIES = {
    RefusedSignIn.Code.AMBIGUOUS: "Nobody can sign in with this address. Correct the address of "
    "all but the one whose it is.",
    RefusedSignIn.Code.OTHER_ACCOUNT: "If the person has a new Discord account, empty the Discord "
    "id on the person's page: the next sign-in ties the new one. If not, somebody else has the "
    "person's address.",
    RefusedSignIn.Code.ADDRESS_TAKEN: "The person is signed in and keeps the old address. If the "
    "two are one person, correct one of them.",
}
