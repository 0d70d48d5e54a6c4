"""Credentials of callers: user and password, or the token of a webhook that ``boxocr connect`` configured.

Label Studio sends a connection's user and password with all calls except webhooks. But webhooks can have headers, so
``boxocr connect`` adds one with a token that is derived from user and password. Users who can see a project's webhooks
can see the token. So it is valid for POST /webhook only, and its derivation is slow, to prevent password guessing.
"""

import base64
import hashlib
import hmac

from pydantic import SecretStr

WEBHOOK_HEADER = "X-BoxOCR-Webhook"

# Constant, so that all replicas accept the same token, also after a restart.
_SALT = b"BoxOCR webhook token 1"

# 0.1 s and 32 MB per guess.
_COST, _BLOCK_SIZE, _PARALLEL = 2**15, 8, 1
_MOST_MEMORY = 64 * 2**20


class Keys:
    """The credentials that this server accepts.

    Args:
        user: of basic authentication, in Latin-1.
        password: of basic authentication, in Latin-1.
    """

    def __init__(self, user: str, password: SecretStr) -> None:
        pair = f"{user}:{password.get_secret_value()}"
        # Browsers send UTF-8, as the server requests. Label Studio sends Latin-1.
        self._pairs = (pair.encode("utf-8"), pair.encode("latin-1"))
        self._token = webhook_token(user, password).encode()

    def open(self, authorization: str) -> bool:
        """Whether an Authorization header has the user and the password, compared in constant time.

        Args:
            authorization: value of the header; empty if missing.
        """
        given = _basic(authorization)
        return sum(hmac.compare_digest(given, pair) for pair in self._pairs) > 0

    def open_webhook(self, token: str) -> bool:
        """Whether this is the token for POST /webhook.

        Args:
            token: value of the header :data:`WEBHOOK_HEADER`; empty if missing.
        """
        return hmac.compare_digest(token.encode("utf-8", "replace"), self._token)


def webhook_token(user: str, password: SecretStr) -> str:
    """The token for :data:`WEBHOOK_HEADER`: 64 hexadecimal digits."""
    secret = f"{user}:{password.get_secret_value()}".encode()
    return hashlib.scrypt(secret, salt=_SALT, n=_COST, r=_BLOCK_SIZE, p=_PARALLEL, maxmem=_MOST_MEMORY, dklen=32).hex()


def _basic(authorization: str) -> bytes:
    """The bytes ``user:password`` of a header for basic authentication; empty if it is another header."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(encoded)
    except ValueError:
        return b""
