"""The settings of a web process under test: its static files are in a folder of the test."""

import os

from lens.settings import *  # noqa: F403

STATIC_ROOT = os.environ["STATIC_FOLDER"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # as tests/support/quick.py
