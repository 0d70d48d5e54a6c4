"""The webhook through which Label Studio sends a project's events to this backend.

Label Studio adds the webhook when a backend is connected, and never changes it afterwards: not when the connection gets
another address or password, and not when the connection is deleted. Tested with Label Studio 1.23.2.
"""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from boxocr.credentials import WEBHOOK_HEADER
from boxocr.label_studio.hosts import shown


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook of a project.

    Attributes:
        id: its number.
        url: where events are sent.
        active: whether events are sent.
        headers: of the requests, by name.
        actions: kinds of events to send; empty for all.
    """

    id: int
    url: str
    active: bool
    headers: Mapping[str, str]
    actions: tuple[str, ...] = ()

    def has_token(self, token: str) -> bool:
        """Whether the webhook sends this token. An empty token always matches."""
        return not token or self.headers.get(WEBHOOK_HEADER) == token

    def headers_with(self, token: str) -> dict[str, str]:
        """The webhook's headers with this token; without the token header if the token is empty."""
        others = {name: value for name, value in self.headers.items() if name != WEBHOOK_HEADER}
        return others | ({WEBHOOK_HEADER: token} if token else {})


def url_of(backend_url: str) -> str:
    """The address to which events for a backend are sent."""
    return backend_url.rstrip("/") + "/webhook"


def of(backend_url: str, webhooks: Sequence[Webhook]) -> list[Webhook]:
    """The webhooks for a backend."""
    return [one for one in webhooks if one.url.rstrip("/") == url_of(backend_url)]


def refusal_reason(backend_url: str) -> str:
    """The reason why Label Studio accepts no webhook for this address; empty if it accepts one.

    Label Studio connects backends on any host, but adds webhooks only for IP addresses, ``localhost`` and dotted names.
    """
    host = urlsplit(backend_url).hostname or ""
    if "." in host or host == "localhost" or _is_address(host):
        return ""
    return (
        f"Label Studio accepts no webhook for {shown(backend_url)}, since the name {host} has no dot, so this server "
        "does not receive the project's events. Only a model with its own fit() needs them: name this server "
        "by its address, or by a name with a dot."
    )


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
