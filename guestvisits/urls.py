from django.urls import path

from guestvisits.views import (
    answers,
    calendars,
    choices,
    facilitators,
    joining,
    learners,
    letters,
    moving,
    set_up_page,
    substitutes,
    zone,
)

urlpatterns = [
    path("meetings/", learners.my_meetings, name="my-meetings"),
    path("meetings/<id:meeting_id>/alternatives/", learners.alternatives, name="alternatives"),
    path("meetings/<id:meeting_id>/answer/", answers.answer, name="answer"),
    path("meetings/<id:meeting_id>/visit/", learners.book, name="book-visit"),
    path("meetings/<id:host_meeting_id>/visit/cancel/", learners.cancel, name="cancel-visit"),
    path("meetings/visits/<id:visit_id>/progress/", learners.visit_progress, name="progress"),
    path("meetings/groups/", joining.choose_group, name="choose-group"),
    path("meetings/groups/<id:group_id>/", joining.join, name="join-group"),
    path("meetings/set-up/", set_up_page.my_set_up, name="set-up"),
    path("meetings/set-up/<id:person_id>/", set_up_page.set_up_of, name="set-up-of"),
    path("meetings/zone/", zone.choose_zone, name="choose-zone"),
    path("meetings/messages/", choices.choose_messages, name="choose-messages"),
    path("meetings/calendar/", calendars.my_calendar, name="my-calendar"),
    path("meetings/<id:meeting_id>/meeting.ics", calendars.download, name="meeting-file"),
    path("calendar/<slug:token>.ics", calendars.feed, name="feed"),
    path("groups/", facilitators.my_groups, name="my-groups"),
    path("groups/<id:group_id>/", facilitators.group, name="group"),
    path("groups/<id:group_id>/at-risk/", letters.write, name="write-at-risk"),
    path(
        "groups/<id:group_id>/meetings/<id:meeting_id>/presence/<id:user_id>/",
        facilitators.correct,
        name="correct-presence",
    ),
    path(
        "groups/<id:group_id>/meetings/<id:meeting_id>/was-held/",
        facilitators.answer_held,
        name="answer-was-held",
    ),
    path(
        "groups/<id:group_id>/meetings/<id:meeting_id>/substitute/",
        substitutes.ask,
        name="ask-substitute",
    ),
    path("substitutes/<id:substitution_id>/", substitutes.substitution, name="substitution"),
    path(
        "substitutes/<id:substitution_id>/<slug:what>/",
        substitutes.answer,
        name="answer-substitution",
    ),
    path("groups/<id:group_id>/<slug:what>/", moving.move_group, name="move-group"),
    path(
        "groups/<id:group_id>/meetings/<id:meeting_id>/<slug:what>/",
        moving.move_meeting,
        name="move-meeting",
    ),
]
