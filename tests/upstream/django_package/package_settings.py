"""The project of ../django with the package django-shared-session, on the newest Django that it runs on."""

import os

from settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "shared_session"]  # noqa: F405
ROOT_URLCONF = "package_urls"
TEMPLATES[0]["DIRS"].insert(0, os.path.dirname(os.path.abspath(__file__)) + "/templates")  # noqa: F405
# The loader's tag asks for the request.
TEMPLATES[0]["OPTIONS"] = {  # noqa: F405
    "context_processors": ["django.template.context_processors.request"],
}
SHARED_SESSION_SITES = ["www.example.com", "www.example.org"]
