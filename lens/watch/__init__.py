"""The watch over django-q2's cluster.

One process of a cluster that is killed can take a queue's lock with it: the rest then looks alive,
does nothing, and does not end when it is told to.  So `manage.py worker` runs the cluster as a
process group of its own, throws all of it away when something is wrong, and starts anew:

    a process was killed          the sentinel's own look (cluster.py), within a second
    the cluster has ended         the watcher is told by the system (SIGCHLD)
    nobody takes what is due      signs.py: no queued task was taken for `patience_seconds`
    schedules are not carried on  signs.py: the sentinel is stuck, or a schedule is malformed
    the watcher itself is gone    the lifeline closes, and the cluster ends by itself

Nothing is lost by it: tasks are wake-ups, and a sweep is queued at each start.
"""
