"""The toy's settings, with a process of its own for each task."""

from tests.lens.watch.toy_settings import *  # noqa: F403

Q_CLUSTER = {**Q_CLUSTER, "recycle": 1}  # noqa: F405
