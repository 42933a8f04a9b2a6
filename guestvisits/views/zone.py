"""`/meetings/zone/`: the time zone in which a person's times are shown."""

from collections import defaultdict
from functools import cache
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from cohorts import clock
from cohorts.services.people import change_zone
from cohorts.validators import check_zone
from cohorts.zones import zone_names
from guestvisits.views.signed_in import SignedInRequest, signed_in


@cache
def zone_choices() -> list[Any]:
    """Return the zones of places by region (such as "Europe"), after UTC.

    Left out are names that say nothing to people: those without a region, such as "EST5EDT" and
    "Factory", and those of the region "Etc", such as "Etc/GMT+5".
    """
    regions: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for name in sorted(zone_names()):
        region, _, city = name.partition("/")
        if is_place(name):
            regions[region].append((name, city.replace("_", " ")))
    return [("UTC", "UTC"), *sorted(regions.items())]


def is_place(zone: str) -> bool:
    return "/" in zone and not zone.startswith("Etc/")


class ZoneForm(forms.Form):
    zone = forms.CharField(label="Another time zone", widget=forms.Select)

    def __init__(self, data: Any = None, *, zone: str) -> None:
        super().__init__(data, initial={"zone": zone}, label_suffix="")
        is_listed = zone == "UTC" or is_place(zone)
        others = [] if is_listed else [(zone, zone)]  # so that the person's own stays chosen
        self.fields["zone"].widget.choices = others + zone_choices()

    def clean_zone(self) -> str:
        zone: str = self.cleaned_data["zone"]
        check_zone(zone)
        return zone


@signed_in
@require_http_methods(["GET", "POST"])
def choose_zone(request: SignedInRequest) -> HttpResponse:
    form = ZoneForm(request.POST or None, zone=request.user.timezone)
    if form.is_valid():
        change_zone(request.user.pk, form.cleaned_data["zone"], now=clock.now())
        messages.success(request, f"Times are now shown in {form.cleaned_data['zone']}.")
        return redirect("my-meetings")
    return render(request, "meetings/zone.html", {"form": form}, status=400 if form.errors else 200)
