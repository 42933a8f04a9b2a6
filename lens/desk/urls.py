"""The staff's own pages below /admin/, in the admin's namespace and before its own pages."""

from django.contrib import admin
from django.urls import path

from lens.desk import views as desk
from lens.desk.activity import views as activity
from lens.desk.cohort_attendance import views as attendance
from lens.desk.cohort_exports import export_tab_view
from lens.desk.cohort_messages import messages_view as messages
from lens.desk.cohort_messages.write_view import write_view
from lens.desk.cohort_page import views as cohort
from lens.desk.person_page.views import person_view
from lens.frame import views as frame
from lens.view_as import views as view_as

COHORT, PERSON = "cohorts/<int:pk>/", "people/<int:pk>/"

PAGES = (
    ("", frame.start_view, "index"),
    ("operations/", frame.operations_view, "operations"),
    ("search/", frame.search_view, "search"),
    ("autocomplete/", frame.ChoiceList.as_view(admin_site=admin.site), "autocomplete"),
    ("today/", desk.today_view, "today"),
    ("today/snooze/", desk.snooze_view, "today_snooze"),
    ("today/show-again/", desk.show_again_view, "today_show_again"),
    (COHORT, cohort.groups_view, "cohort"),
    (f"{COHORT}people/", cohort.people_view, "cohort_people"),
    (f"{COHORT}calendar/", cohort.calendar_view, "cohort_calendar"),
    (f"{COHORT}attendance/", attendance.attendance_view, "cohort_attendance"),
    (f"{COHORT}attendance/dismiss/", attendance.dismiss_view, "cohort_dismiss_risk"),
    (f"{COHORT}messages/", messages.messages_view, "cohort_messages"),
    (f"{COHORT}messages/write/", write_view, "cohort_write"),
    (f"{COHORT}activity/", activity.cohort_activity_view, "cohort_activity"),
    (f"{COHORT}<slug:tab>/export/", export_tab_view, "cohort_export"),
    (PERSON, person_view, "person"),
    (f"{PERSON}view-as/", view_as.start_view, "view_as"),
    (f"{PERSON}view-as/stop/", view_as.stop_view, "stop_view_as"),
    ("messages/", messages.overview_view, "messages"),
    ("messages/export/", messages.export_overview_view, "messages_export"),
    ("activity/", activity.activity_view, "activity"),
    ("activity/export/", activity.export_activity_view, "activity_export"),
)

staff_urls = [
    path(address, admin.site.admin_view(view), name=name) for address, view, name in PAGES
]
