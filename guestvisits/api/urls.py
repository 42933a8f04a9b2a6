from django.urls import path

from guestvisits.api import answers, choices, joining, moving, presence, substitutes, views

urlpatterns = [
    path("users/me/meetings", views.MyMeetingsView.as_view(), name="api-my-meetings"),
    path("users/me/messages", choices.ChoicesView.as_view(), name="api-my-messages"),
    path("guest-visits", views.VisitsView.as_view(), name="api-visits"),
    path("guest-visits/options", views.OptionsView.as_view(), name="api-options"),
    path("guest-visits/<id:host_meeting_id>", views.VisitView.as_view(), name="api-visit"),
    path("meetings/<id:meeting_id>/answer", answers.AnswerView.as_view()),
    path("meetings/<id:meeting_id>/people", presence.PeopleView.as_view()),
    path("meetings/<id:meeting_id>/people/<id:user_id>", presence.PersonView.as_view()),
    path("meetings/<id:meeting_id>/reschedule", moving.RescheduleView.as_view()),
    path("meetings/<id:meeting_id>/cancel", moving.CancelView.as_view()),
    path("meetings/<id:meeting_id>/restore", moving.RestoreView.as_view()),
    path("meetings/<id:meeting_id>/postpone", moving.PostponeView.as_view()),
    path("groups/joinable", joining.JoinableView.as_view(), name="api-joinable"),
    path("meetings/<id:meeting_id>/substitute", substitutes.AskSubstituteView.as_view()),
    path("substitutes", substitutes.SubstitutionsView.as_view()),
    path("substitutes/<id:substitution_id>", substitutes.AnswerSubstituteView.as_view()),
    path("groups/<id:group_id>/meetings", answers.GroupMeetingsView.as_view()),
    path("groups/<id:group_id>/slot", moving.SlotView.as_view()),
]
