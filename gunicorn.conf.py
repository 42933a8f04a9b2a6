"""Settings of gunicorn, which reads this file automatically.  See docs/operations.md, Deploying."""

import os
import threading
from typing import Any

from lens.env import Env
from lens.proxies import check_proxies

env = Env(os.environ)

# Reachable from this machine only: a proxy in front terminates TLS and buffers slow clients.
bind = env.names("WEB_BIND", default=[f"127.0.0.1:{env.whole('PORT', default=8000)}"])
workers = env.whole("WEB_CONCURRENCY", default=2)
# A request that arrives slowly blocks one thread and not a whole process.  Each thread may hold a
# database connection.
worker_class = "gthread"
threads = env.whole("WEB_THREADS", default=16)
control_socket_disable = True  # it would be a file in a home directory, which may be read-only
accesslog = "-"
logger_class = "lens.reporting.gunicorn_log.ScrubbingLogger"
# Peers whose X-Forwarded-Proto is trusted: none, unless the operator names a proxy.
forwarded_allow_ips = ",".join(check_proxies(env.names("TRUSTED_PROXIES", default=[])))


def post_worker_init(_worker: Any) -> None:
    """Watch for a missing worker, which no worker can log."""
    from lens.metrics.silent_faults import watch_from_web

    threading.Thread(target=watch_from_web, name="watch", daemon=True).start()
