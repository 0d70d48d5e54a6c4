"""Basic authentication, and the token of Label Studio's webhooks."""

from flask import Flask, request

from boxocr.credentials import WEBHOOK_HEADER, Keys
from boxocr.errors import Unauthorized
from boxocr.settings.environment import Settings


def require_password(app: Flask, settings: Settings) -> None:
    """Refuse requests without the configured user and password. Does nothing when none are configured.

    ``/health`` stays open for orchestrators. ``POST /webhook`` also accepts the token that ``boxocr connect`` gives to
    a project's webhook, since Label Studio sends no credentials with its events.
    """
    if settings.basic_auth_user is None or settings.basic_auth_pass is None:
        return
    keys = Keys(settings.basic_auth_user, settings.basic_auth_pass)

    @app.before_request
    def check_credentials() -> None:
        if request.path == "/health" or keys.open(request.headers.get("Authorization", "")):
            return
        if (request.method, request.path) != ("POST", "/webhook"):
            raise Unauthorized
        if not keys.open_webhook(request.headers.get(WEBHOOK_HEADER, "")):
            raise Unauthorized(
                "This event comes without this ML backend's token, or with an old one.",
                "Run boxocr connect --project N, which gives the token to the project's webhook.",
            )
