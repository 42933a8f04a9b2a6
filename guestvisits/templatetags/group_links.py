"""Links on a group's page, which facilitators and staff share: each leads to pages of their own."""

from django import template
from django.urls import reverse

from cohorts.group_labels import name_slot
from meetings.models import Meeting

register = template.Library()
register.simple_tag(name_slot, name="slot_label")


@register.simple_tag(takes_context=True)
def move_address(context: template.Context, meeting: Meeting, what: str) -> str:
    """Return the address that moves a meeting: for staff the admin's, which leads back here."""
    if not context.get("is_staff_page"):
        return reverse("move-meeting", args=[meeting.group_id, meeting.pk, what])
    page = reverse("admin:meetings_meeting_move", args=[meeting.pk, what])
    return f"{page}?next={reverse('group', args=[meeting.group_id])}%23{meeting.anchor}"
