import datetime as dt

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from axes.signals import user_locked_out
        from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed

        from accounts import sign_in
        from accounts.audit import seal_trail
        from events.duties import register_duty

        user_logged_in.connect(sign_in.note_sign_in, dispatch_uid="accounts.sign_in")
        user_logged_out.connect(sign_in.note_sign_out, dispatch_uid="accounts.sign_out")
        user_login_failed.connect(sign_in.note_refusal, dispatch_uid="accounts.refusal")
        user_locked_out.connect(sign_in.note_lock_out, dispatch_uid="accounts.lock_out")
        register_duty("audit.seal", seal_trail, every=dt.timedelta(seconds=10))
