"""The admin leaves allauth's tables out: they stay empty, and a secret must not be put there."""

from allauth.account import admin as account_admin  # noqa: F401 - registers first
from allauth.account.models import EmailAddress
from allauth.socialaccount import admin as social_admin  # noqa: F401
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.contrib import admin

from lens import queue_admin  # noqa: F401 - registers the queue

admin.site.unregister([EmailAddress, SocialAccount, SocialApp, SocialToken])
