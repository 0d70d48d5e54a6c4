"""The webhook by which Label Studio tells this backend what happens in a project.

Label Studio adds one when a backend is connected, and leaves it alone from then on: also when the connection gets
another address, another password, or is deleted. Measured against Label Studio 1.23.2.
"""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from boxocr.credentials import WEBHOOK_HEADER
from boxocr.label_studio.hosts import shown

_PATH = "/webhook"


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook of a project.

    Attributes:
        id: its number.
        url: where events are sent.
        active: whether they are sent.
        headers: sent along, by name.
        actions: the kinds of events that are sent, unless all of them are.
    """

    id: int
    url: str
    active: bool
    headers: Mapping[str, str]
    actions: tuple[str, ...] = ()

    def has_token(self, token: str) -> bool:
        """Whether it sends this token; any or none will do when the token is empty."""
        return not token or self.headers.get(WEBHOOK_HEADER) == token

    def headers_with(self, token: str) -> dict[str, str]:
        """Its headers, with this token in place of an older one; without one when the token is empty."""
        others = {name: value for name, value in self.headers.items() if name != WEBHOOK_HEADER}
        return others | ({WEBHOOK_HEADER: token} if token else {})


def url_of(backend_url: str) -> str:
    """Where Label Studio sends the events for a backend at this address."""
    return backend_url.rstrip("/") + _PATH


def of(backend_url: str, webhooks: Sequence[Webhook]) -> list[Webhook]:
    """The webhooks that send events to a backend at this address."""
    return [one for one in webhooks if one.url.rstrip("/") == url_of(backend_url)]


def unheard(backend_url: str) -> str:
    """Why Label Studio takes no webhook for a backend at this address; empty when it does.

    It connects backends at any host, and registers webhooks only for addresses, ``localhost``, and names with a dot.
    """
    host = urlsplit(backend_url).hostname or ""
    if "." in host or host == "localhost" or _is_address(host):
        return ""
    return (
        f"Label Studio takes no webhook for {shown(backend_url)}, since the name {host} has no dot, so this server "
        "does not learn what happens in the project. Only a model with a fit() of its own needs to: name this server "
        "by its address, or by a name with a dot."
    )


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
