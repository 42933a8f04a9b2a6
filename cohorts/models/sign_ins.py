"""Former addresses, pending e-mails about accounts, and refused sign-ins."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from cohorts import clock


class FormerAddress(models.Model):
    """An address that a person had before Discord reported another one.

    A roster that still uses it is recognized, instead of creating the person twice.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="former_addresses"
    )
    email = models.EmailField(unique=True)
    until = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "former addresses"

    def __str__(self) -> str:
        return self.email


class AccountEmail(models.Model):
    """A pending e-mail about an account.  It is deleted once it is sent.

    It is not a Message of the outbox: its text is rendered when it is sent and is stored nowhere,
    because it may contain a link that opens an account. Neither a hold nor the person's preferences
    keep it back.
    """

    class Kind(models.TextChoices):
        PASSWORD_RESET = "password_reset"  # noqa: S105 - a kind of e-mail
        ADDRESS_CHANGED = "address_changed"
        DISCORD_CHANGED = "discord_changed"

    kind = models.CharField(max_length=16, choices=Kind)
    # The address as entered, whether or not it belongs to anyone; or the address before a change.
    address = models.EmailField()
    requested_at = models.DateTimeField(default=clock.now)
    next_try_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["requested_at", "pk"]

    def __str__(self) -> str:
        return self.kind


class RefusedSignIn(models.Model):
    """A Discord sign-in that contradicts the stored facts.

    There is one row for each Discord account and code, no matter how many attempts. It is deleted
    when the contradiction is resolved or by staff. Sign-ins that match no one are not stored.
    """

    class Code(models.TextChoices):
        AMBIGUOUS = "ambiguous", "several people have this address"
        OTHER_ACCOUNT = "other_account", "the person is linked to another Discord account"
        ADDRESS_TAKEN = "address_taken", "the new address belongs to someone else"

    code = models.CharField("problem", max_length=16, choices=Code)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        related_name="refused_sign_ins",
        verbose_name="person",
    )
    discord_id = models.BigIntegerField("Discord ID")
    discord_name = models.CharField("Discord name", max_length=80, blank=True)
    email = models.EmailField("address from Discord", blank=True)
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
    RefusedSignIn.Code.AMBIGUOUS: "No one can sign in with this address. Correct it for everyone "
    "except its owner.",
    RefusedSignIn.Code.OTHER_ACCOUNT: "If the person has a new Discord account, clear the Discord "
    "ID on the person's page: the next sign-in links the new one. If not, someone else uses the "
    "person's address.",
    RefusedSignIn.Code.ADDRESS_TAKEN: "The person can sign in and keeps the old address. If both "
    "accounts belong to one person, correct one of them.",
}
