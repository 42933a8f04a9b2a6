"""The permission table: every address, and who may.  A new address needs a line here.

In the data of a door "{name}" stands for an id of the world (tests/rights/kinds.py), and a name of
the address overrules the value that it has elsewhere.
"""

from __future__ import annotations

from dataclasses import replace

from tests.rights.doors import (
    FORBIDDEN,
    NOT_FOUND,
    SIGN_IN,
    SUPERUSERS_ONLY,
    Door,
    anyone,
    api,
    led,
    nobody,
    own,
    own_or_400,
    signed_in,
    staff,
)
from tests.rights.kinds import (
    FACILITATOR,
    GUEST,
    LEARNER,
    OTHER_FACILITATOR,
)

READ = "cohorts.view_group", "cohorts.view_membership"
PEOPLE = "meetings.view_meeting", "meetings.view_attendance", "guestvisits.view_guestvisit"
MOVE = ("meetings.change_meeting",)
CORRECT = ("meetings.change_attendance",)
REALIZE = ("cohorts.change_group",)
MESSAGES = ("cohorts.view_cohort", *READ, "outbox.view_message")
TODAY = ("cohorts.view_cohort", *READ, *PEOPLE)
MOVES = {"preview": True}
# Any of these opens the page of the machine's own tables.
OPERATIONS = (
    *REALIZE,
    "auth.view_group",
    "bot.view_botheartbeat",
    "bot.view_guildmembership",
    "calendarsync.view_calendaraddress",
    "calendarsync.view_calendarcopy",
    "calendarsync.view_calendarevent",
    "calendarsync.view_calendarseries",
    "calendarsync.view_observedrsvp",
    "cohorts.view_installation",
    "discordsync.view_discordobject",
    "discordsync.view_dmchannel",
    "django_q.view_failure",
    "django_q.view_ormq",
    "django_q.view_schedule",
    "django_q.view_success",
    "sync.view_groupsync",
    "sync.view_providerstate",
    "sync.view_realizerequest",
    "sync.view_syncaction",
    "sync.view_syncrun",
    "sync.view_workerheartbeat",
)

ROUTES: dict[str, list[Door]] = {
    # -- for everyone ----------------------------------------------------------------------------
    "healthz": [anyone()],
    "metrics": [nobody()],  # its token is no person's: tests/lens/metrics
    "": [anyone()],  # leads to the meetings, where it is asked who it is
    "reschedule/": [anyone()],  # the same
    "api/": [anyone()],
    "api/docs/": [anyone()],
    "api/schema/": [anyone()],
    "sign-in/": [anyone(), anyone("POST")],
    "sign-in/as/<int:user_id>/": [nobody("POST")],  # there with a sandbox only, which this is not
    "sign-in/discord/": [anyone("POST")],
    "sign-in/discord/join/": [own("POST")],  # the bot may not add members here
    "sign-in/discord/callback/": [nobody(status=FORBIDDEN)],  # without what began it
    "sign-out/": [anyone("POST")],
    "password/": [anyone(), anyone("POST")],
    "password/sent/": [anyone()],
    "password/changed/": [anyone()],
    "password/<uidb64>/<token>/": [anyone(), anyone("POST")],  # the token is the permission
    # One's own second factor and sessions.
    "sign-in/code/": [anyone(), anyone("POST")],  # leads to the sign-in where none has begun
    # The learners of this table have neither a password nor a second factor.
    **{
        route: [Door(method, (), (), outside=outside) for method in methods.split()]
        for route, methods, outside in (
            ("sign-in/again/", "GET POST", FORBIDDEN),
            ("sign-in/again/code/", "GET POST", FORBIDDEN),
            ("security/app/off/", "GET POST", NOT_FOUND),
            ("security/codes/", "GET", NOT_FOUND),
            ("security/codes/file/", "GET", NOT_FOUND),
        )
    },
    "security/": [signed_in()],
    "security/app/": [signed_in(), signed_in("POST")],
    "security/codes/new/": [signed_in(), signed_in("POST")],
    "security/devices/": [signed_in(), signed_in("POST")],
    # The token is the permission.
    "unsubscribe/<str:token>/": [
        nobody(), anyone(token="{unsubscribe}"),
        nobody("POST"), anyone("POST", token="{unsubscribe}"),
    ],
    "calendar/<slug:token>.ics": [nobody(), anyone(token="{feed}")],
    # -- one's own -------------------------------------------------------------------------------
    "meetings/": [signed_in()],
    "meetings/set-up/": [signed_in()],
    "meetings/zone/": [signed_in(), signed_in("POST", zone="Asia/Tokyo")],
    "meetings/messages/": [signed_in(), signed_in("POST")],
    "meetings/calendar/": [signed_in(), signed_in("POST"), signed_in("POST", do="revoke")],
    "meetings/groups/": [signed_in()],
    # Of a cohort that does not let learners choose, all groups stay hidden.
    "meetings/groups/<id:group_id>/": [own("GET"), own("POST")],
    "groups/": [signed_in()],
    "my-data/": [signed_in(), signed_in("POST", do="ask"), signed_in("POST", do="withdraw")],
    "my-data/file/": [signed_in()],
    "admin/discordsync/discordobject/removals/": [
        staff("GET", "discordsync.add_removalapproval"),
        staff("POST", "discordsync.add_removalapproval", cohort="0"),
    ],
    "admin/discordsync/discordobject/removals/<int:run_id>/": [
        staff("GET", "discordsync.add_removalapproval"),
        staff("POST", "discordsync.add_removalapproval"),
    ],
    "admin/people/<id:person_id>/data/": [staff("GET", SUPERUSERS_ONLY)],
    "admin/people/<id:person_id>/data/file/": [staff("GET", SUPERUSERS_ONLY)],
    "admin/people/<id:person_id>/erase/": [
        staff("GET", SUPERUSERS_ONLY),
        staff("POST", SUPERUSERS_ONLY),
    ],
    "meetings/set-up/<id:person_id>/": [
        Door("GET", (), ("cohorts.view_user",), refused=FORBIDDEN, outside=FORBIDDEN)
    ],
    "meetings/<id:meeting_id>/alternatives/": [own("GET", LEARNER, FACILITATOR)],
    "meetings/<id:meeting_id>/meeting.ics": [own("GET", LEARNER, FACILITATOR, GUEST)],
    "meetings/<id:meeting_id>/answer/": [
        own("POST", LEARNER, FACILITATOR, GUEST, rsvp="tentative")
    ],
    "meetings/<id:meeting_id>/visit/": [own("POST", LEARNER, FACILITATOR, host="{elsewhere}")],
    "meetings/<id:host_meeting_id>/visit/cancel/": [own("POST", GUEST)],
    "meetings/visits/<id:visit_id>/progress/": [own("GET", GUEST)],
    # -- a group and its meetings ----------------------------------------------------------------
    # Members and current guests find when and where the group meets there.
    # Staff who may read groups but not their people are led to a group's settings.
    "groups/<id:group_id>/": [Door("GET", (FACILITATOR, LEARNER, GUEST), ("cohorts.view_group",))],
    "groups/<id:group_id>/at-risk/": [own("GET", FACILITATOR), own("POST", FACILITATOR)],
    "groups/<id:group_id>/<slug:what>/": [
        led(method, *MOVE, what=what) for method in ("GET", "POST") for what in ("add", "slot")
    ],
    "groups/<id:group_id>/meetings/<id:meeting_id>/<slug:what>/": [
        led(method, *MOVE, what=what)
        for method in ("GET", "POST")
        for what in ("reschedule", "postpone", "cancel", "restore")
    ],
    "groups/<id:group_id>/meetings/<id:meeting_id>/presence/<id:user_id>/": [
        led("POST", *CORRECT, presence="absent", meeting_id="{held}")
    ],
    "groups/<id:group_id>/meetings/<id:meeting_id>/was-held/": [
        led("POST", *CORRECT, answer="no", meeting_id="{held}")
    ],
    "groups/<id:group_id>/meetings/<id:meeting_id>/substitute/": [
        own("GET", FACILITATOR), own("POST", FACILITATOR)
    ],
    # Its facilitator, and the people who were asked.
    "substitutes/<id:substitution_id>/": [own("GET", FACILITATOR, OTHER_FACILITATOR)],
    "substitutes/<id:substitution_id>/<slug:what>/": [
        own("POST", FACILITATOR, what="return"),
        own("POST", OTHER_FACILITATOR, what="lead"),
        own("POST", OTHER_FACILITATOR, what="cannot"),
    ],
    # -- the API ---------------------------------------------------------------------------------
    "api/users/me/meetings": [api(signed_in())],
    "api/users/me/messages": [api(signed_in()), api(signed_in("PATCH"))],
    "api/guest-visits": [
        api(signed_in()),
        own_or_400("POST", LEARNER, FACILITATOR,
                   home_meeting_id="{meeting}", host_meeting_id="{elsewhere}"),
    ],
    # For meetings of others the list is empty.
    "api/guest-visits/options": [api(signed_in(meeting_id="{meeting}"))],
    "api/guest-visits/<id:host_meeting_id>": [own_or_400("DELETE", GUEST)],
    "api/meetings/<id:meeting_id>/answer": [
        api(own("POST", LEARNER, FACILITATOR, GUEST, rsvp="tentative"))
    ],
    "api/meetings/<id:meeting_id>/people": [api(led("GET", *PEOPLE))],
    "api/meetings/<id:meeting_id>/people/<id:user_id>": [
        api(led("PUT", *CORRECT, presence="absent", meeting_id="{held}"))
    ],
    "api/meetings/<id:meeting_id>/reschedule": [api(led("POST", *MOVE, **MOVES))],
    "api/meetings/<id:meeting_id>/cancel": [
        api(led("POST", *MOVE)), api(led("POST", *MOVE, **MOVES))
    ],
    "api/meetings/<id:meeting_id>/restore": [api(led("POST", *MOVE, **MOVES))],
    "api/meetings/<id:meeting_id>/postpone": [api(led("POST", *MOVE, **MOVES))],
    "api/groups/joinable": [
        api(signed_in()), api(own("POST", group_id="{other_group}"))
    ],
    "api/substitutes": [api(signed_in())],
    "api/meetings/<id:meeting_id>/substitute": [api(own("POST", FACILITATOR))],
    "api/substitutes/<id:substitution_id>": [
        api(own("POST", FACILITATOR, answer="return")),
        api(own("POST", OTHER_FACILITATOR, answer="lead")),
    ],
    "api/groups/<id:group_id>/meetings": [
        api(led("GET", "meetings.view_meeting")), api(led("POST", *MOVE, **MOVES))
    ],
    "api/groups/<id:group_id>/slot": [api(led("POST", *MOVE, **MOVES))],
    # -- the admin -------------------------------------------------------------------------------
    "admin/": [staff("GET")],
    "admin/operations/": [replace(staff("GET", *OPERATIONS), any_of=True)],
    "admin/search/": [staff("GET", q="a")],
    "admin/login/": [Door(m, (), (), outside=FORBIDDEN) for m in ("GET", "POST")],
    "admin/logout/": [anyone("POST")],
    "admin/password_change/": [staff("GET"), staff("POST")],
    "admin/password_change/done/": [staff("GET")],
    "admin/jsi18n/": [staff("GET")],
    "admin/autocomplete/": [
        staff("GET", "cohorts.view_user",
              app_label="cohorts", model_name="membership", field_name="user"),
        staff("GET", "cohorts.view_group",
              app_label="cohorts", model_name="membership", field_name="group"),
    ],
    "admin/(?P<url>.*)$": [Door("GET", outside=SIGN_IN)],  # an address that the admin lacks
    "admin/r/<path:content_type_id>/<path:object_id>/": [Door("GET", outside=SIGN_IN)],
    "admin/today/": [staff("GET", *TODAY)],
    "admin/today/snooze/": [staff("POST", *TODAY, "cohorts.change_cohort")],
    "admin/cohorts/<int:pk>/": [staff("GET", "cohorts.view_cohort", *READ, pk="{cohort}")],
    "admin/activity/": [staff("GET", "cohorts.view_activityentry", "cohorts.view_user")],
    "admin/activity/export/": [
        staff("POST", "cohorts.view_activityentry", "cohorts.view_user", format="csv")
    ],
    "admin/cohorts/<int:pk>/activity/": [
        staff(
            "GET", "cohorts.view_cohort", *READ,
            "cohorts.view_activityentry", "cohorts.view_user", pk="{cohort}",
        )
    ],
    "admin/messages/": [staff("GET", *MESSAGES)],
    "admin/messages/export/": [staff("POST", *MESSAGES, format="csv")],
    "admin/cohorts/<int:pk>/attendance/": [staff("GET", *TODAY, pk="{cohort}")],
    "admin/cohorts/<int:pk>/attendance/dismiss/": [
        staff("POST", *TODAY, *CORRECT, people="{user_id}", pk="{cohort}")
    ],
    "admin/cohorts/<int:pk>/messages/": [staff("GET", *MESSAGES, pk="{cohort}")],
    "admin/cohorts/<int:pk>/messages/write/": [
        staff("GET", *MESSAGES, "outbox.add_message", pk="{cohort}"),
        staff("POST", *MESSAGES, "outbox.add_message", pk="{cohort}"),
    ],
    "admin/people/<int:pk>/": [staff("GET", "cohorts.view_user", pk="{user_id}")],
    "admin/people/<int:pk>/view-as/": [
        staff("POST", "cohorts.view_user", "cohorts.viewas_user", pk="{user_id}")
    ],
    "admin/people/<int:pk>/view-as/stop/": [staff("POST", pk="{user_id}")],
    "admin/cohorts/<int:pk>/people/": [
        staff("GET", "cohorts.view_cohort", *READ, pk="{cohort}")
    ],
    "admin/cohorts/<int:pk>/<slug:tab>/export/": [
        staff("POST", *perms, tab=tab, format="csv", pk="{cohort}")
        for tab, perms in {
            "groups": ("cohorts.view_cohort", *READ),
            "people": ("cohorts.view_cohort", *READ, "cohorts.view_user"),
            "calendar": ("cohorts.view_cohort", *READ, "meetings.view_meeting"),
            "attendance": TODAY,
            "messages": MESSAGES,
            "activity": (
                "cohorts.view_cohort", *READ, "cohorts.view_activityentry", "cohorts.view_user"
            ),
        }.items()
    ],
    "admin/cohorts/<int:pk>/calendar/": [
        staff("GET", "cohorts.view_cohort", *READ, "meetings.view_meeting", pk="{cohort}")
    ],
    "admin/today/show-again/": [staff("POST", *TODAY, "cohorts.change_cohort")],
    "admin/cohorts/cohort/roster/": [
        staff("GET", "cohorts.change_cohort"), staff("POST", "cohorts.change_cohort")
    ],
    "admin/cohorts/cohort/roster/template.csv": [staff("GET", "cohorts.change_cohort")],
    "admin/cohorts/cohort/roster/<slug:token>/": [
        staff("GET", "cohorts.change_cohort"), staff("POST", "cohorts.change_cohort")
    ],
    "admin/cohorts/cohort/roster/imports/<int:pk>/": [
        staff("GET", "cohorts.change_cohort", pk="{roster_import}")
    ],
    "admin/cohorts/cohort/<int:pk>/steps/<slug:kind>/": [
        staff(method, "cohorts.change_cohort", *MOVE, pk="{cohort}", kind=kind)
        for method in ("GET", "POST")
        for kind in ("break", "break_undo")
    ] + [
        staff(method, "cohorts.change_cohort", "cohorts.change_group", pk="{cohort}", kind=kind)
        for method in ("GET", "POST")
        for kind in ("end", "reopen")
    ],
    "admin/cohorts/cohort/steps/<int:pk>/": [
        staff(method, "cohorts.change_cohort", *MOVE, pk="{step}") for method in ("GET", "POST")
    ],
    "admin/cohorts/group/<int:pk>/end/": [
        staff("GET", "cohorts.change_group"), staff("POST", "cohorts.change_group")
    ],
    "admin/cohorts/membership/<int:pk>/end/": [
        staff("GET", "cohorts.change_membership", pk="{membership}"),
        staff("POST", "cohorts.change_membership", pk="{membership}", status="removed"),
    ],
    "admin/cohorts/membership/<int:pk>/move/": [
        staff("GET", "cohorts.change_membership", pk="{membership}"),
        staff("POST", "cohorts.change_membership", pk="{membership}"),
    ],
    "admin/cohorts/membership/add-person/": [
        staff("GET", "cohorts.add_membership", "cohorts.add_user"),
        staff("POST", "cohorts.add_membership", "cohorts.add_user"),
    ],
    "admin/members/move/": [
        staff("GET", "cohorts.change_membership", member="{membership}"),
        staff("POST", "cohorts.change_membership", member="{membership}", group="{other_group}"),
    ],
    "admin/cohorts/user/<id>/password/": [
        staff("GET", "cohorts.change_user"), staff("POST", "cohorts.change_user")
    ],
    "admin/discordsync/discordobject/import/": [
        staff("GET", "discordsync.change_discordobject"),
        staff("POST", "discordsync.change_discordobject"),
    ],
    "admin/discordsync/discordobject/cohorts/<int:pk>/not-joined/": [
        staff("GET", *REALIZE, pk="{cohort}"),
        staff("POST", *REALIZE, pk="{cohort}"),
    ],
    "admin/guestvisits/guestvisit/<id:pk>/cancel/": [
        staff("GET", "guestvisits.change_guestvisit", pk="{visit}"),
        staff("POST", "guestvisits.change_guestvisit", pk="{visit}"),
    ],
    "admin/guestvisits/guestvisit/join/<id:meeting_id>/": [
        staff("GET", "guestvisits.add_guestvisit"),
        staff("POST", "guestvisits.add_guestvisit", host="{elsewhere}"),
    ],
    "admin/guestvisits/substitution/find/<id:meeting_id>/": [
        staff(method, "guestvisits.change_substitution") for method in ("GET", "POST")
    ],
    "admin/guestvisits/substitution/<id:pk>/name/": [
        staff(method, "guestvisits.change_substitution", pk="{substitution_id}")
        for method in ("GET", "POST")
    ],
    "admin/guestvisits/substitution/<id:pk>/join/": [
        staff(method, "guestvisits.change_substitution", "guestvisits.add_guestvisit",
              pk="{substitution_id}")
        for method in ("GET", "POST")
    ],
    "admin/meetings/meeting/<int:pk>/move/<slug:what>/": [
        staff(method, *MOVE, what=what, pk="{meeting}")
        for method in ("GET", "POST")
        for what in ("reschedule", "postpone", "cancel", "restore")
    ],
    "admin/meetings/meeting/of-group/<int:pk>/<slug:what>/": [
        staff(method, *MOVE, what=what, pk="{group}")
        for method in ("GET", "POST")
        for what in ("add", "slot")
    ],
    "admin/meetings/meeting/of-cohort/<int:pk>/term/": [
        staff(method, "cohorts.change_cohort", *MOVE, pk="{cohort}") for method in ("GET", "POST")
    ],
    "admin/outbox/messagekind/<slug:kind>/preview/": [staff("GET", "outbox.view_message")],
    "admin/drift/": [staff("GET", *REALIZE), staff("POST", *REALIZE)],
    "admin/sync/decide/": [staff("GET", *REALIZE), staff("POST", *REALIZE)],
    "admin/sync/check/": [staff("GET", *REALIZE), staff("POST", *REALIZE)],
    "admin/sync/cohorts/<int:pk>/realize/": [staff("POST", *REALIZE, pk="{cohort}")],
    "admin/sync/cohorts/<int:pk>/progress/": [staff("GET", *REALIZE, pk="{cohort}")],
    "admin/sync/cohorts/<int:pk>/withdraw/": [staff("POST", *REALIZE, pk="{cohort}")],
    "admin/sync/plans/<numbers:ids>/": [staff("GET", *REALIZE)],
    "admin/sync/plans/<numbers:ids>/confirm/": [staff("POST", *REALIZE)],
    "admin/sync/plans/<numbers:ids>/again/": [staff("POST", *REALIZE)],
    "admin/sync/plans/<numbers:ids>/allow/": [staff("POST", *REALIZE)],
    "admin/sync/providers/<slug:provider>/pause/": [staff("POST", *REALIZE)],
    "admin/sync/providers/<slug:provider>/resume/": [staff("POST", *REALIZE)],
    **{
        f"admin/sync/groups/<int:pk>/<slug:provider>/{name}/": [
            staff("POST", *REALIZE, pk="{group}")
        ]
        for name in ("check_now", "recreate", "realize", "show_removals")
    },
}  # fmt: skip
