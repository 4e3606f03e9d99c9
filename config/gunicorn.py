"""How gunicorn serves: threads for slow bodies, two processes, nothing written outside the data folder."""

import gc
import sys
from typing import Any

from gunicorn import glogging

from config import settings
from drafts.operations import claims, lifeline
from drafts.secrets import ScrubFilter


class Logger(glogging.Logger):
    """gunicorn's logs without tokens: draft links are in paths, and an operator may switch the access log on."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in (*self.error_log.handlers, *self.access_log.handlers):
            handler.addFilter(ScrubFilter())
            if settings.LOG_AS_JSON:
                from config.logs import Lines

                handler.setFormatter(Lines())


logger_class = Logger
wsgi_app = "config.wsgi:application"
worker_class = "gthread"
workers = 2
threads = settings.WEB_THREADS
preload_app = True  # the workers share the memory of what is imported once
timeout = 60
graceful_timeout = 8
keepalive = 5
loglevel = "info"
control_socket_disable = True
# Whom to believe is asked in one place: config/proxies.py.
forwarded_allow_ips = ""
forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}


def on_starting(server: Any) -> None:
    """Do not listen where other machines could reach a server that people use without https."""
    for address in () if settings.IS_HTTPS else server.cfg.address:
        if isinstance(address, tuple) and not claims.is_loopback(str(address[0])):
            server.log.error("%s", claims.in_the_clear(str(address[0])))
            sys.exit(1)


def when_ready(_server: Any) -> None:
    """Import every view before the workers are forked, and keep what was imported out of garbage collection."""
    from django.urls import get_resolver

    _ = get_resolver().url_patterns
    gc.collect()
    gc.freeze()


def post_fork(_server: Any, worker: Any) -> None:
    """A worker whose master was killed must not go on serving."""
    lifeline.hold(worker.ppid)
