"""The package's project of the tests, with the bench's sites and pages."""

import os

from package_settings import *  # noqa: F403

ROOT_URLCONF = "bench_urls"
TEMPLATES[0]["DIRS"] = [os.environ["BENCH_TEMPLATES"]]  # noqa: F405
SHARED_SESSION_SITES = ["www.example.com", "www.example.org", "www.example.net"]
