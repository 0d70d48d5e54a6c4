"""Label Studio's tokens: which header opens its doors.

A personal access token is a JWT refresh token, to be exchanged for an access token, which Label Studio lets live for
five minutes. label-studio-sdk could do that too, but asks this machine's clock first whether the token has expired, and
hides the status that a proxy answered with. A legacy token is opaque and sent as it is; organisations made since 2025
refuse those by default.
"""

import threading
import time
from http import HTTPStatus
from typing import Any

import httpx
import jwt
from pydantic import SecretStr

from boxocr.errors import PageError, PageTimeout, PageUnauthorized, PageUnreachable
from boxocr.pages.http.certificates import certificate_trouble
from boxocr.pages.http.connections import trusting_context
from boxocr.pages.http.deadline import Deadline
from boxocr.pages.http.urls import parse_web_url

# An access token with less time than this is renewed before it is used: the page's download must not outlive it.
_MARGIN_SECONDS = 30.0

# What is taken for the life of an access token that does not say. Label Studio's is five minutes.
_DEFAULT_LIFE_SECONDS = 300.0

_EXCHANGE_SECONDS = 10.0

_NEW_TOKEN = "Create a personal access token in Label Studio and set LABEL_STUDIO_ACCESS_TOKEN to it."  # noqa: S105


class Tokens:
    """Gives the Authorization header for Label Studio, and renews what it stands on.

    Args:
        base_url: Label Studio's address, path prefix included.
        token: personal access token or legacy token, if there is one.
    """

    def __init__(self, base_url: str, token: SecretStr | None) -> None:
        self._base_url = base_url
        self._host = parse_web_url(base_url).origin.host
        self._token = token.get_secret_value().strip() if token else ""
        self._exchanged = claims_of(self._token) is not None
        self._lock = threading.Lock()
        self._header = ""
        self._renew_at = 0.0
        self._failure: PageError | None = None
        self._failed_at = 0.0

    def header(self, deadline: Deadline, refused: str | None = None) -> str | None:
        """The value of the Authorization header, None when no token is set.

        Args:
            deadline: for the page, and so for an exchange too.
            refused: the header that Label Studio has just answered with 401; another one is got unless another thread
                has got one meanwhile.

        Raises:
            PageUnauthorized: the personal access token has expired or is refused.
            PageUnreachable: the exchange got no sensible answer.
            PageTimeout: it got none in time.
        """
        if not self._token:
            return None
        if not self._exchanged:
            return f"Token {self._token}"
        began = time.monotonic()
        with self._lock:
            now = time.monotonic()
            if self._header and now < self._renew_at and self._header != refused:
                return self._header
            # Those who waited for an exchange that failed get the same answer at once; who comes later tries again.
            if self._failure and began < self._failed_at:
                raise type(self._failure)(self._failure.message, self._failure.remedy)
            try:
                access = self._exchange(min(_EXCHANGE_SECONDS, deadline.left()))
            except PageError as error:
                self._failure, self._failed_at = error, time.monotonic()
                raise
            # On our own clock, from the token's own dates: the two machines' clocks need not agree.
            life = _life_seconds(access)
            self._renew_at = now + life - min(_MARGIN_SECONDS, life / 2)
            self._header = f"Bearer {access}"
            return self._header

    def refusal(self) -> PageUnauthorized:
        """The error for a 401 that a renewed token did not help against."""
        if not self._token:
            return PageUnauthorized("Label Studio asks for a token, and this server has none.", _NEW_TOKEN)
        if self._exchanged:
            return PageUnauthorized(
                "Label Studio refuses the access token that it has just given (HTTP 401).", _NEW_TOKEN
            )
        return PageUnauthorized(
            "Label Studio refused this server's legacy token (HTTP 401).",
            "Legacy tokens are off by default in new organisations: set LABEL_STUDIO_ACCESS_TOKEN to a personal access "
            "token.",
        )

    def _exchange(self, seconds: float) -> str:
        """A new access token.

        httpx reads neither proxies nor ``.netrc`` here, for the reasons that ``connections.py`` gives, and follows no
        redirects, which would carry the token along.
        """
        try:
            verify = trusting_context()
            with httpx.Client(timeout=seconds, trust_env=False, follow_redirects=False, verify=verify) as client:
                answer = client.post(f"{self._base_url}/api/token/refresh/", json={"refresh": self._token})
            if answer.status_code != HTTPStatus.OK:
                raise _refused(answer.status_code, self._token)
            return str(answer.json()["access"])
        except httpx.TimeoutException:
            raise PageTimeout("Label Studio did not answer in time when asked for an access token.") from None
        except httpx.HTTPError as error:
            if trouble := certificate_trouble(error, f"Label Studio at {self._host}"):
                raise trouble from None
            raise PageUnreachable(
                "Label Studio could not be reached for an access token.", "Check LABEL_STUDIO_URL and that it runs."
            ) from None
        except (ValueError, KeyError, TypeError):
            raise PageUnreachable(
                "Label Studio's address answered something other than an access token.", "Check LABEL_STUDIO_URL."
            ) from None


def claims_of(token: str) -> dict[str, Any] | None:
    """What a JWT says of itself, unverified: only its issuer can verify it. None for what is no JWT."""
    try:
        return dict(jwt.decode(token, options={"verify_signature": False}))
    except jwt.InvalidTokenError:
        return None


def _life_seconds(access: str) -> float:
    claims = claims_of(access) or {}
    try:
        return max(0.0, float(claims["exp"]) - float(claims["iat"]))
    except (KeyError, TypeError, ValueError):
        return _DEFAULT_LIFE_SECONDS


def _refused(status: int, token: str) -> PageError:
    expires = (claims_of(token) or {}).get("exp")
    if status in (401, 403) and isinstance(expires, int | float) and expires < time.time():
        return PageUnauthorized("This server's personal access token for Label Studio has expired.", _NEW_TOKEN)
    if status in (400, 401, 403):
        return PageUnauthorized(
            f"Label Studio refused this server's personal access token (HTTP {status}).", _NEW_TOKEN
        )
    return PageUnreachable(
        f"Label Studio answered with HTTP {status} when asked for an access token.", "Check LABEL_STUDIO_URL."
    )
