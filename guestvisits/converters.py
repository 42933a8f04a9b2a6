"""Ids in URLs: `<id:…>`."""

from django.urls import register_converter
from django.urls.converters import IntConverter

from cohorts.validators import read_id


class IdConverter(IntConverter):
    def to_python(self, value: str) -> int:
        number = read_id(value)
        if not number:
            raise ValueError("No row has such an id.")
        return number


register_converter(IdConverter, "id")
