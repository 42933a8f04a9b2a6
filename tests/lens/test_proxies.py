"""Who the client is, and what a proxy may say about it."""

from __future__ import annotations

import pytest
from allauth.account.adapter import get_adapter
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from rest_framework.throttling import BaseThrottle

from lens.proxies import CLAIMS, ForwardedMiddleware, check_proxies, find_client

PROXY, CDN, CLIENT, LIAR = "127.0.0.1", "10.1.2.3", "203.0.113.7", "198.51.100.9"


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "proxies", "client"),
    [
        (CLIENT, "", [PROXY], CLIENT),
        (CLIENT, LIAR, [PROXY], CLIENT),
        (CLIENT, LIAR, [], CLIENT),
        (PROXY, "", [PROXY], PROXY),
        (PROXY, CLIENT, [PROXY], CLIENT),
        (PROXY, f"{LIAR}, {CLIENT}", [PROXY], CLIENT),
        (PROXY, f"{LIAR}, {CLIENT}, {CDN}", [PROXY, "10.0.0.0/8"], CLIENT),
        (PROXY, f"{LIAR}, {CLIENT}", ["*"], CLIENT),
        (PROXY, "unknown", [PROXY], PROXY),
        ("::1", "2001:db8::7", ["::1"], "2001:db8::7"),
        ("", CLIENT, [PROXY], ""),
    ],
)
def test_a2_the_client_is_the_nearest_address_that_is_no_trusted_proxys(
    peer: str, forwarded_for: str, proxies: list[str], client: str
) -> None:
    assert find_client(peer, forwarded_for, proxies) == client


def pass_on(request: HttpRequest) -> HttpRequest:
    ForwardedMiddleware(lambda _: HttpResponse())(request)
    return request


def test_a2_one_setting_says_to_django_allauth_and_the_api_who_the_client_is(settings) -> None:
    settings.TRUSTED_PROXIES = [PROXY]
    claims = {"HTTP_X_FORWARDED_FOR": f"{LIAR}, {CLIENT}", "HTTP_X_FORWARDED_PROTO": "https"}
    request = pass_on(RequestFactory().get("/", REMOTE_ADDR=PROXY, **claims))
    assert request.META["REMOTE_ADDR"] == CLIENT
    assert get_adapter().get_client_ip(request) == CLIENT
    assert BaseThrottle().get_ident(request) == CLIENT
    assert request.META["HTTP_X_FORWARDED_PROTO"] == "https"


@pytest.mark.parametrize("proxies", [[], [PROXY]])
def test_a12_no_one_but_a_trusted_proxy_is_believed(settings, proxies: list[str]) -> None:
    settings.TRUSTED_PROXIES = proxies
    request = pass_on(
        RequestFactory().get("/", REMOTE_ADDR=CLIENT, **dict.fromkeys(CLAIMS, "https"))
    )
    assert request.META["REMOTE_ADDR"] == CLIENT
    assert not set(CLAIMS) & set(request.META)
    assert BaseThrottle().get_ident(request) == CLIENT


@pytest.mark.parametrize("name", ["nginx", "10.0.0.1/8", "127.0.0.1:80"])
def test_a2_a_proxy_that_is_no_address_is_refused_with_an_example(name: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"such as 127\.0\.0\.1"):
        check_proxies([name])
