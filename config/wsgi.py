"""Pages, REST and DICOMweb, served by gunicorn."""

from __future__ import annotations

import os

import django
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.embedded")
django.setup(set_prefix=False)

from config.programs_first import ProgramsFirst  # noqa: E402 - what it imports needs the settings

application = ProgramsFirst()
# Every route is loaded before workers fork, so that nobody's first page waits for it.
get_resolver().url_patterns  # noqa: B018 - loading is the effect
