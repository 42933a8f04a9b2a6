"""The watcher of django-q2's cluster.

A process of a cluster that is killed can leave a queue locked. The rest then looks alive, does
nothing, and does not stop when asked to. So `manage.py worker` runs the cluster as a process group
of its own, kills the whole group when something is wrong, and starts another one:

    a process was killed          the sentinel's own check (cluster.py), within a second
    the cluster has ended         the watcher receives SIGCHLD
    due tasks are not taken       stall.py: no queued task was taken for `patience_seconds`
    results are not recorded      stall.py: the monitor is stuck, so finished tasks run again
    schedules are not processed   stall.py: the sentinel is stuck, or a schedule is malformed
    the watcher itself is gone    the lifeline closes, and the cluster stops

No work is lost: tasks are wake-ups, and a sweep is queued at each start.
"""
