"""For migrations that rename a model: Django renames its content type, but not its permissions."""

from __future__ import annotations

from typing import Any

from django.db import migrations


def rename_permissions(app: str, old: str, new: str) -> migrations.RunPython:
    """Return the operation that renames a model's permissions, so that people keep them.

    `old` and `new` are model names in lower case. Put it after `RenameModel`, and let the migration
    depend on those of `auth` and `contenttypes`.
    """
    return migrations.RunPython(_renaming(app, old, new), _renaming(app, new, old))


def _renaming(app: str, old: str, new: str) -> Any:
    def rename(apps: Any, _: Any) -> None:
        permissions = apps.get_model("auth", "Permission").objects
        for verb in ("add", "change", "delete", "view"):
            permissions.filter(content_type__app_label=app, codename=f"{verb}_{old}").update(
                codename=f"{verb}_{new}"
            )

    return rename
