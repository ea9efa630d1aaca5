"""The way in. Wrong passwords lock the door for a while (django-axes); the page says so."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpResponse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from accounts.models import Person


class SignInForm(AuthenticationForm):
    error_messages = {
        "invalid_login": _("User name and password do not match. Check both and try again."),
        "inactive": _("This account is closed. Ask an administrator of your hospital."),
    }


class SignInView(LoginView):
    template_name = "portal/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True
    extra_context = {"is_demo_region": settings.DEMO_REGION}

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Sign in; a language chosen on this page before is the person's first choice."""
        response = super().form_valid(form)
        person: Any = form.get_user()
        if isinstance(person, Person) and not person.language:
            person.language = translation.get_language() or settings.LANGUAGE_CODE
            person.save(update_fields=["language"])
        return response
