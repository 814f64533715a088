"""The project of tests/upstream/django, with what a container has: PostgreSQL, and secrets in files."""

import os
from pathlib import Path

os.environ.setdefault("DATABASE", "")  # of the sqlite3 that is replaced below
from settings import *  # noqa: E402, F403

SECRETS = Path("/run/application")
SECRET_KEY = (SECRETS / "secret_key").read_text().strip()
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": "postgres",
        "NAME": "application",
        "USER": "application",
        "PASSWORD": (SECRETS / "database_password").read_text().strip(),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }
}
