"""The toy's settings, with tasks that may last only 15 seconds."""

from tests.lens.watch.toy_settings import *  # noqa: F403

Q_CLUSTER = {**Q_CLUSTER, "timeout": 15}  # noqa: F405
SYNC = {**SYNC, "run_seconds": 5, "call_seconds": 5}  # noqa: F405 - both fit into a task
