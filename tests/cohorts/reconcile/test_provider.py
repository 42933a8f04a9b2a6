"""The interface of a provider stays small, and every provider has all of it."""

from __future__ import annotations

from cohorts.reconcile.issues import ISSUES
from cohorts.reconcile.provider import (
    Provider,
    ProviderAdmin,
    provider_admins,
    provider_specs,
    providers,
)


def members(protocol: type) -> set[str]:
    named = {*vars(protocol), *protocol.__annotations__}
    return {name for name in named if not name.startswith("_")}


def test_a_provider_has_at_most_eleven_members():
    assert len(members(Provider)) <= 11
    assert len(members(ProviderAdmin)) <= 6


def test_each_provider_is_registered_with_what_pages_need():
    assert list(provider_admins) == sorted(providers)
    for name, provider in providers.items():
        assert members(Provider) <= set(dir(provider))
        assert members(ProviderAdmin) <= set(dir(provider_admins[name]))


def test_each_issue_code_has_one_text():
    """A provider's code that is also ours would be explained by our text."""
    codes = [*ISSUES, *(code for spec in provider_specs().values() for code in spec.issues)]
    assert len(codes) == len(set(codes))
