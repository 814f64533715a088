"""A page that counts a visitor's visits, and Django's own login and logout."""

from django.contrib.auth.views import LoginView, LogoutView
from django.shortcuts import render
from django.urls import path


def home(request):
    request.session["count"] = request.session.get("count", 0) + 1
    return render(request, "home.html", {"count": request.session["count"], "user": request.user})


urlpatterns = [
    path("", home),
    path("login", LoginView.as_view(template_name="login.html")),
    path("logout", LogoutView.as_view()),
]
