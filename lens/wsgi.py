"""The WSGI entry point, for gunicorn."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lens.settings")
gc.disable()  # while all is loaded, as in manage.py
application = get_wsgi_application()
