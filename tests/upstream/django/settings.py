"""An ordinary project: sessions and users in the database, behind a reverse proxy."""

import os

SECRET_KEY = "not-a-secret-this-project-only-runs-in-tests"
DEBUG = False
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "urls"
USE_TZ = True

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
if "GZIP" in os.environ:
    MIDDLEWARE.insert(0, "django.middleware.gzip.GZipMiddleware")
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ["DATABASE"],
    }
}
# Tests sign in often; the default hash is slow on purpose.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [os.path.dirname(os.path.abspath(__file__)) + "/templates"],
    }
]

# The proxy says whether the visitor came by https.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SAMESITE = os.environ.get("SESSION_COOKIE_SAMESITE", "Lax")
SESSION_COOKIE_SECURE = "SESSION_COOKIE_SECURE" in os.environ
if "SESSION_ENGINE" in os.environ:
    SESSION_ENGINE = os.environ["SESSION_ENGINE"]
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
