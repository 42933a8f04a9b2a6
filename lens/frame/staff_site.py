"""The site of Django's admin, whose pages have the sidebar of lens/frame/sidebar.py."""

from functools import partial
from typing import Any, cast

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject


class StaffSite(AdminSite):
    enable_nav_sidebar = False

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Return the tables by app, read when first used.

        Every page has them in its context for Django's own sidebar, which is switched off. They
        took a fifth of the CPU time of a page.
        """
        read = partial(super().get_app_list, request, app_label)
        return cast(list[Any], SimpleLazyObject(read))
