"""How people are reached. Without EMAIL_URL nobody is written to."""

from __future__ import annotations

import environ

env = environ.Env()

_email = env.email_url_config(env.str("EMAIL_URL", "")) if env.str("EMAIL_URL", "") else {}
EMAIL_BACKEND = _email.get("EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend")
EMAIL_HOST = _email.get("EMAIL_HOST", "")
EMAIL_PORT = _email.get("EMAIL_PORT") or 25
EMAIL_HOST_USER = _email.get("EMAIL_HOST_USER") or ""
EMAIL_HOST_PASSWORD = _email.get("EMAIL_HOST_PASSWORD") or ""
EMAIL_USE_TLS = _email.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = _email.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "consilium@localhost")

# The address people reach the portal at, for links in messages.
PUBLIC_URL = env.str("PUBLIC_URL", "http://localhost:8080")
