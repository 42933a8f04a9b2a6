"""The pages that can be viewed as their person.

A page that is not named here is not shown: a new one has to be considered first. Left out are

- pages that show a secret or a file: the calendar address, a meeting's file, one's own data;
- sign-in, security and the links in e-mails, which concern the session or need no session;
- the API, which is for programs.
"""

SHOWN = frozenset(
    {
        *("home", "my-meetings", "set-up", "choose-zone", "choose-messages"),
        *("alternatives", "progress", "choose-group", "join-group"),
        *("my-groups", "group", "move-group", "move-meeting", "write-at-risk"),
        *("ask-substitute", "substitution"),
    }
)
