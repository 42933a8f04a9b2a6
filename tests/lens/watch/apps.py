"""Registers the toy provider, as an app from elsewhere does."""

from __future__ import annotations

from django.apps import AppConfig


class ToyConfig(AppConfig):
    name = "tests.lens.watch"
    label = "toy"

    def ready(self) -> None:
        from cohorts.reconcile.provider import provider_admins, providers
        from tests.lens.watch.toy import ToyProvider
        from tests.support.in_memory import LinkAdmin

        provider_admins.register(LinkAdmin(providers.register(ToyProvider())))
