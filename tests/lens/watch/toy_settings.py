"""The settings of the processes under test: one toy mirror, and a watch that looks often."""

from lens.settings import *  # noqa: F403

GROUP_MIRRORS = ["tests.lens.watch.toy_mirror.ToyMirror"]
Q_CLUSTER = {**Q_CLUSTER, "workers": 2}  # type: ignore[name-defined]  # noqa: F405
