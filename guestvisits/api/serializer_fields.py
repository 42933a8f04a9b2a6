"""Fields that accept only the documented JSON type, and a field that many responses have.

The framework's own fields also accept "on" or 1 for true, "5" for 5 and 5 for "5". Clients that
send those have a bug, which an error reveals.
"""

from typing import Any

from rest_framework import serializers

from cohorts.validators import LARGEST_ID


class BooleanField(serializers.BooleanField):
    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class IntegerField(serializers.IntegerField):
    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class NumberedChoiceField(serializers.ChoiceField):
    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, str):
            self.fail("invalid_choice", input=data)
        return super().to_internal_value(data)


class CharField(serializers.CharField):
    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class WeekField(serializers.IntegerField):
    """The number of a meeting, in responses."""

    def __init__(self, **options: Any) -> None:
        why = "Null for an extra session, which does not belong to a week."
        super().__init__(allow_null=True, help_text=why, **options)


class IdField(IntegerField):
    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=1, max_value=LARGEST_ID, **options)
