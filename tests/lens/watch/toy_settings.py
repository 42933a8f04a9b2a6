"""The settings of the processes under test: the toy provider alone is configured."""

from lens.settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "tests.lens.watch.apps.ToyConfig"]  # noqa: F405
DISCORD_BOT_TOKEN = GOOGLE_CALENDAR_ID = ""
Q_CLUSTER = {**Q_CLUSTER, "workers": 2}  # noqa: F405
