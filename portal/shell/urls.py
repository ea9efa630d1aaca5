from __future__ import annotations

from django.conf import settings
from django.contrib.auth.views import LogoutView
from django.urls import URLPattern, path

from portal.shell import components, notifications, preferences, search, sign_in

urlpatterns: list[URLPattern] = [
    path("sign-in/", sign_in.SignInView.as_view(), name="sign-in"),
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
    path("preferences/language/", preferences.choose_language, name="choose-language"),
    path("preferences/theme/", preferences.choose_theme, name="choose-theme"),
    path("search/", search.page, name="search"),
    path("notifications/", notifications.page, name="notifications"),
    path("notifications/list/", notifications.panel, name="notification-list"),
    path("notifications/count/", notifications.count, name="notification-count"),
    path("notifications/read/", notifications.mark_read, name="notifications-read"),
]
if settings.SHOW_COMPONENTS:
    urlpatterns.append(path("_components/", components.page, name="components"))
