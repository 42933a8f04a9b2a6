"""Every address of signing in.  None of allauth's own pages is among them."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import views as auth_views
from django.urls import URLPattern, path

from lens.sign_in import discord, password_reset, views


def sign_in_urls() -> list[URLPattern]:
    urls = [
        path("sign-in/", views.SignIn.as_view(), name="login"),
        # allauth finds these two by their names.
        path("sign-in/discord/", discord.begin, name="discord_login"),
        path("sign-in/discord/callback/", discord.come_back, name="discord_callback"),
        path("sign-out/", auth_views.LogoutView.as_view(), name="logout"),
        path(
            "password/",
            password_reset.PasswordResetView.as_view(),
            name="password_reset",
        ),
        path(
            "password/sent/",
            auth_views.PasswordResetDoneView.as_view(),
            name="password_reset_done",
        ),
        path(
            "password/<uidb64>/<token>/",
            auth_views.PasswordResetConfirmView.as_view(),
            name="password_reset_confirm",
        ),
        path(
            "password/changed/",
            auth_views.PasswordResetCompleteView.as_view(),
            name="password_reset_complete",
        ),
    ]
    if settings.SANDBOX:
        urls.append(path("sign-in/as/<int:user_id>/", views.sign_in_as, name="sign-in-as"))
    return urls
