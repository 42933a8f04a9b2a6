"""Every URL of sign-in. Of allauth's own pages only those named here exist."""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.usersessions import views as usersessions
from django.conf import settings
from django.contrib.auth import views as auth
from django.urls import URLPattern, path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from lens.sign_in import discord, join_server, views

# allauth's views accept PUT as POST, and some respond before they check the method.
read_and_post = require_http_methods(["GET", "HEAD", "POST", "OPTIONS"])

PASSWORDS = [
    ("sign-out/", auth.LogoutView.as_view(), "logout"),
    ("password/", views.PasswordResetView.as_view(), "password_reset"),
    ("password/sent/", auth.PasswordResetDoneView.as_view(), "password_reset_done"),
    (
        "password/<uidb64>/<token>/",
        auth.PasswordResetConfirmView.as_view(),
        "password_reset_confirm",
    ),
    ("password/changed/", auth.PasswordResetCompleteView.as_view(), "password_reset_complete"),
]

# allauth finds these by their names.
SECURITY = [
    ("sign-in/code/", mfa.authenticate, "mfa_authenticate"),
    ("sign-in/again/", account.reauthenticate, "account_reauthenticate"),
    ("sign-in/again/code/", mfa.reauthenticate, "mfa_reauthenticate"),
    ("security/", mfa.index, "mfa_index"),
    ("security/app/", totp.activate_totp, "mfa_activate_totp"),
    ("security/app/off/", totp.deactivate_totp, "mfa_deactivate_totp"),
    ("security/codes/", recovery_codes.view_recovery_codes, "mfa_view_recovery_codes"),
    ("security/codes/new/", recovery_codes.generate_recovery_codes, "mfa_generate_recovery_codes"),
    ("security/codes/file/", recovery_codes.download_recovery_codes, "mfa_download_recovery_codes"),
    ("security/devices/", usersessions.list_usersessions, "usersessions_list"),
]


def sign_in_urls() -> list[URLPattern]:
    sign_in = read_and_post(views.SignIn.as_view())
    urls = [
        path("sign-in/", sign_in, name="login"),
        # allauth finds these by their names.
        path("sign-in/", sign_in, name="account_login"),
        path("sign-in/discord/", discord.start_sign_in, name="discord_login"),
        path("sign-in/discord/join/", join_server.start_join, name="join-server"),
        path("sign-in/discord/callback/", discord.discord_callback, name="discord_callback"),
    ]
    urls += [path(address, view, name=name) for address, view, name in PASSWORDS]
    urls += [
        path(address, never_cache(read_and_post(view)), name=name)
        for address, view, name in SECURITY
    ]
    if settings.SANDBOX:
        urls.append(path("sign-in/as/<int:user_id>/", views.sign_in_as, name="sign-in-as"))
    return urls
