"""A page that counts a visitor's visits, Django's own login and logout, and whether a session is alive."""

from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path


def home(request):
    request.session["count"] = request.session.get("count", 0) + 1
    return render(request, "home.html", {"count": request.session["count"], "user": request.user})


def session_alive(request):
    request.session.keys()  # Django loads the session, and forgets the key of one that it does not know
    return HttpResponse(status=204 if request.session.session_key else 401)


urlpatterns = [
    path("", home),
    path("login", LoginView.as_view(template_name="login.html")),
    path("logout", LogoutView.as_view()),
    path("session-alive", session_alive),
]
