"""The WSGI application."""

import os

from django.core.wsgi import get_wsgi_application

from drafts.intake import drain

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = drain.guarded(get_wsgi_application())
