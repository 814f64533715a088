"""The project's pages, and the package's scripts."""

import shared_session
from django.conf.urls import url
from urls import urlpatterns as pages

urlpatterns = [url(r"^shared-session/", shared_session.urls), *pages]
