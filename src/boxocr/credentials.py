"""Who may call this server: whoever knows the password, and the webhooks of a Label Studio that ``connect`` set up.

Label Studio sends a connection's user and password with each call but its webhooks. Those can have headers of their
own, so ``boxocr connect`` gives them a token that is made from user and password. Everybody who may see a project's
webhooks can read it there, so it opens POST /webhook and nothing else, and takes long to guess a password from.
"""

import base64
import hashlib
import hmac

from pydantic import SecretStr

WEBHOOK_HEADER = "X-BoxOCR-Webhook"

# Fixed, so that all replicas expect the same token, also after a restart.
_SALT = b"BoxOCR webhook token 1"

# A tenth of a second and 32 MB for each guess.
_COST, _BLOCK_SIZE, _PARALLEL = 2**15, 8, 1
_MOST_MEMORY = 64 * 2**20


class Keys:
    """What opens this server.

    Args:
        user: of basic authentication, in characters of Latin-1.
        password: of basic authentication, the same.
    """

    def __init__(self, user: str, password: SecretStr) -> None:
        pair = f"{user}:{password.get_secret_value()}"
        # Browsers send UTF-8, since the server asks for it. Label Studio sends Latin-1.
        self._pairs = (pair.encode("utf-8"), pair.encode("latin-1"))
        self._token = webhook_token(user, password).encode()

    def open(self, authorization: str) -> bool:
        """Whether an Authorization header holds the user and the password.

        It takes the same time whichever of them is wrong.

        Args:
            authorization: the header's value; empty when there is none.
        """
        given = _basic(authorization)
        return sum(hmac.compare_digest(given, pair) for pair in self._pairs) > 0

    def open_webhook(self, token: str) -> bool:
        """Whether this is the token for POST /webhook.

        Args:
            token: value of the header :data:`WEBHOOK_HEADER`; empty when there is none.
        """
        return hmac.compare_digest(token.encode("utf-8", "replace"), self._token)


def webhook_token(user: str, password: SecretStr) -> str:
    """The token that a webhook sends in :data:`WEBHOOK_HEADER`, 64 hexadecimal digits."""
    secret = f"{user}:{password.get_secret_value()}".encode()
    return hashlib.scrypt(secret, salt=_SALT, n=_COST, r=_BLOCK_SIZE, p=_PARALLEL, maxmem=_MOST_MEMORY, dklen=32).hex()


def _basic(authorization: str) -> bytes:
    """The bytes ``user:password`` of a header for basic authentication; empty when it is none."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(encoded)
    except ValueError:
        return b""
