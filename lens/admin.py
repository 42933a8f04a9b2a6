"""Removes allauth's tables from the admin: they stay empty, or hold secrets and sessions."""

from allauth.account import admin as account_admin  # noqa: F401 - registers first
from allauth.account.models import EmailAddress
from allauth.mfa import admin as mfa_admin  # noqa: F401
from allauth.mfa.models import Authenticator
from allauth.socialaccount import admin as social_admin  # noqa: F401
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.usersessions import admin as usersessions_admin  # noqa: F401
from allauth.usersessions.models import UserSession
from django.contrib import admin

from lens import queue_admin  # noqa: F401 - registers the queue

admin.site.unregister(
    [Authenticator, EmailAddress, SocialAccount, SocialApp, SocialToken, UserSession]
)
