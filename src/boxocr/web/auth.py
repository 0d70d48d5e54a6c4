"""Basic authentication, and the token of Label Studio's webhooks."""

from flask import Flask, request

from boxocr.credentials import WEBHOOK_HEADER, Keys
from boxocr.errors import Unauthorized
from boxocr.settings.environment import Settings


class Access:
    """Decides whether a request has the configured user and password. If there are none, every request is admitted.

    ``/health`` is open to orchestrators. ``POST /webhook`` also accepts the token that ``boxocr connect`` gives to a
    project's webhook, since Label Studio sends no credentials with its events.

    Args:
        settings: of this server.
    """

    def __init__(self, settings: Settings) -> None:
        user, password = settings.basic_auth_user, settings.basic_auth_pass
        self._keys = None if user is None or password is None else Keys(user, password)

    def refusal(self, method: str, path: str, authorization: str, webhook_token: str) -> Unauthorized | None:
        """The error that a request must be answered with; None if it is admitted.

        Args:
            method: in capitals.
            path: of its address.
            authorization: value of its Authorization header; empty if missing.
            webhook_token: value of its header :data:`boxocr.credentials.WEBHOOK_HEADER`; empty if missing.
        """
        keys = self._keys
        if keys is None or path == "/health" or keys.open(authorization):
            return None
        if (method, path) != ("POST", "/webhook"):
            return Unauthorized()
        if keys.open_webhook(webhook_token):
            return None
        return Unauthorized(
            "This event comes without this ML backend's token, or with an old one.",
            "Run boxocr connect --project N, which gives the token to the project's webhook.",
        )


def require_password(app: Flask, settings: Settings) -> None:
    """Refuse requests without the configured user and password. Does nothing when none are configured."""
    access = Access(settings)

    @app.before_request
    def check_credentials() -> None:
        authorization = request.headers.get("Authorization", "")
        token = request.headers.get(WEBHOOK_HEADER, "")
        refusal = access.refusal(request.method, request.path, authorization, token)
        if refusal is not None:
            raise refusal
