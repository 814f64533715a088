"""The same page with the package's tags and without, and the package's scripts."""

import shared_session
from django.conf.urls import url
from django.shortcuts import render
from django.urls import path

urlpatterns = [
    url(r"^shared-session/", shared_session.urls),
    path("plain", lambda request: render(request, "plain.html")),
    path("tags", lambda request: render(request, "tags.html")),
]
