"""Label Studio's tokens, and the Authorization header for them.

A personal access token is a JWT refresh token. It is exchanged for an access token, which expires after five minutes.
label-studio-sdk could do that too, but it first compares the token's expiry with this machine's clock, and it hides the
status of a proxy's error. A legacy token is opaque and sent unchanged; organisations created since 2025 refuse legacy
tokens by default.
"""

import threading
import time
from http import HTTPStatus
from typing import Any

import httpx
import jwt
from pydantic import SecretStr

from boxocr.errors import PageError, PageTimeout, PageUnauthorized, PageUnreachable
from boxocr.pages.http.certificates import certificate_error
from boxocr.pages.http.connections import trusting_context
from boxocr.pages.http.urls import parse_web_url
from boxocr.process.deadline import Deadline

# An access token that expires sooner than this is renewed before use, so that it lasts for the page's download.
_MARGIN_SECONDS = 30.0
_EXCHANGE_SECONDS = 10.0

_NEW_TOKEN = "Create a personal access token in Label Studio and set LABEL_STUDIO_ACCESS_TOKEN to it."  # noqa: S105 - a sentence


class Tokens:
    """Provides the Authorization header for Label Studio, and renews its access token.

    Args:
        base_url: Label Studio's URL, path prefix included.
        token: personal access token or legacy token; None to send no header.
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
        """The value of the Authorization header; None if no token is set.

        Args:
            deadline: for the page, which includes the exchange.
            refused: a header that Label Studio has just refused with 401. It is replaced, unless another thread has
                replaced it already.

        Raises:
            PageUnauthorized: the personal access token has expired or is refused.
            PageUnreachable: the exchange failed, or returned no access token.
            PageTimeout: the exchange took too long.
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
            # Threads that waited while an exchange failed get its error at once; later calls try again.
            if self._failure and began < self._failed_at:
                raise type(self._failure)(self._failure.message, self._failure.remedy)
            try:
                access = self._exchange(min(_EXCHANGE_SECONDS, deadline.left()))
            except PageError as error:
                self._failure, self._failed_at = error, time.monotonic()
                raise
            # Only the difference of the token's dates is used, since the two machines' clocks may differ.
            life = _life_seconds(access)
            self._renew_at = now + life - min(_MARGIN_SECONDS, life / 2)
            self._header = f"Bearer {access}"
            return self._header

    def refusal(self) -> PageUnauthorized:
        """The error for a 401 that persists with a renewed token."""
        if not self._token:
            return PageUnauthorized("Label Studio requires a token, and this server has none.", _NEW_TOKEN)
        if self._exchanged:
            return PageUnauthorized(
                "Label Studio refuses the access token that it has just issued (HTTP 401).", _NEW_TOKEN
            )
        return PageUnauthorized(
            "Label Studio refused this server's legacy token (HTTP 401).",
            "Legacy tokens are off by default in new organisations: set LABEL_STUDIO_ACCESS_TOKEN to a personal access "
            "token.",
        )

    def _exchange(self, seconds: float) -> str:
        """Request a new access token.

        httpx uses neither proxies nor ``.netrc``, for the reasons given in ``connections.py``, and follows no
        redirects, since it would send the token to their target.
        """
        try:
            verify = trusting_context()
            with httpx.Client(timeout=seconds, trust_env=False, follow_redirects=False, verify=verify) as client:
                answer = client.post(f"{self._base_url}/api/token/refresh/", json={"refresh": self._token})
            if answer.status_code != HTTPStatus.OK:
                raise _refused(answer.status_code, self._token)
            return str(answer.json()["access"])
        except httpx.TimeoutException:
            raise PageTimeout("Label Studio did not issue an access token in time.") from None
        except httpx.HTTPError as error:
            if untrusted := certificate_error(error, f"Label Studio at {self._host}"):
                raise untrusted from None
            raise PageUnreachable(
                "Label Studio could not be reached for an access token.",
                "Check LABEL_STUDIO_HOST and that Label Studio is running.",
            ) from None
        except (ValueError, KeyError, TypeError):
            raise PageUnreachable(
                "The server at Label Studio's address did not return an access token.", "Check LABEL_STUDIO_HOST."
            ) from None


def claims_of(token: str) -> dict[str, Any] | None:
    """A JWT's claims, unverified, since only its issuer can verify them. None for a token that is not a JWT."""
    try:
        return dict(jwt.decode(token, options={"verify_signature": False}))
    except jwt.InvalidTokenError:
        return None


def _life_seconds(access: str) -> float:
    claims = claims_of(access) or {}
    try:
        return max(0.0, float(claims["exp"]) - float(claims["iat"]))
    except (KeyError, TypeError, ValueError):
        # Label Studio's default.
        return 300.0


def _refused(status: int, token: str) -> PageError:
    expires = (claims_of(token) or {}).get("exp")
    if status in (401, 403) and isinstance(expires, int | float) and expires < time.time():
        return PageUnauthorized("This server's personal access token for Label Studio has expired.", _NEW_TOKEN)
    if status in (400, 401, 403):
        return PageUnauthorized(
            f"Label Studio refused this server's personal access token (HTTP {status}).", _NEW_TOKEN
        )
    return PageUnreachable(
        f"Label Studio answered with HTTP {status} when asked for an access token.", "Check LABEL_STUDIO_HOST."
    )
