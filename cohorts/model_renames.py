"""Operations for migrations that rename what Django's own operations leave as it was."""

from collections.abc import Callable, Mapping
from typing import Any

from django.db import migrations

Step = Callable[[Any, Any], None]


def rename_permissions(app: str, old: str, new: str) -> migrations.RunPython:
    """Return the operation that renames a model's permissions, so that people keep them.

    `old` and `new` are model names in lower case. Put it after `RenameModel`, and let the migration
    depend on those of `auth` and `contenttypes`.
    """

    model = new

    def renaming(old: str, new: str) -> Step:
        def rename(apps: Any, _: Any) -> None:
            title = apps.get_model(app, model)._meta.verbose_name
            rows = apps.get_model("auth", "Permission").objects.filter(content_type__app_label=app)
            for verb in ("add", "change", "delete", "view"):
                renamed = {"codename": f"{verb}_{new}", "name": f"Can {verb} {title}"}
                rows.filter(codename=f"{verb}_{old}").update(**renamed)

        return rename

    return migrations.RunPython(renaming(old, new), renaming(new, old))


def rename_values(
    app: str, model: str, field: str, new_by_old: Mapping[str, str]
) -> migrations.RunPython:
    """Return the operation that renames stored values of a field."""

    def renaming(renamed: Mapping[str, str]) -> Step:
        def rename(apps: Any, _: Any) -> None:
            rows = apps.get_model(app, model).objects
            for old, new in renamed.items():
                rows.filter(**{field: old}).update(**{field: new})

        return rename

    old_by_new = {new: old for old, new in new_by_old.items()}
    return migrations.RunPython(renaming(new_by_old), renaming(old_by_new))
