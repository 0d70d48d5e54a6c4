"""Label Studio's connections to ML backends, and the reasons why one does not work."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from boxocr.credentials import webhook_token
from boxocr.errors import LabelingConfigError
from boxocr.label_studio.errors import AddressRefused, CommandFailed, LabelStudioRefused
from boxocr.label_studio.hosts import is_loopback, other_names, shown
from boxocr.settings.environment import Settings

# Prefix of BoxOCR's model versions.
_MODEL = "boxocr"

# Default title of a connection.
TITLE = "BoxOCR"

# Advice for annotators, since a backend cannot accept its own suggestions.
ACCEPTING = (
    "Label Studio keeps the text of a box once it is accepted: annotators switch Auto-Accept Suggestions on, or accept "
    "each box before they change the label or submit."
)

# Label Studio calls its backends with the library requests, whose errors quote an answer's reason phrase like this.
_HTTP_ERROR = re.compile(r"(\d{3}) (?:Client|Server) Error: (.*?)(?: for url: |$)")


@dataclass(frozen=True, slots=True)
class Connection:
    """A project's connection to an ML backend.

    Attributes:
        id: its number.
        url: of the backend, as Label Studio reaches it.
        title: as displayed.
        interactive: whether the backend gets the regions that annotators draw.
        user: of basic authentication; empty if that is off.
        state: CO connected, DI no answer, ER an error; refreshed whenever connections are listed.
        error: the backend's error in the state ER.
        model_version: as the backend reported it.
    """

    id: int
    url: str
    title: str
    interactive: bool
    user: str
    state: str
    error: str
    model_version: str

    @property
    def works(self) -> bool:
        """Whether Label Studio reaches the backend, and the backend accepts the project."""
        return self.state == "CO"


@dataclass(frozen=True, slots=True)
class DesiredConnection:
    """The connection to establish.

    Attributes:
        url: of the backend, as Label Studio reaches it.
        title: as displayed.
        user: of basic authentication; empty for none.
        password: of basic authentication.
    """

    url: str
    title: str
    user: str = ""
    password: SecretStr | None = None

    @property
    def webhook_token(self) -> str:
        """The token that webhooks must send; empty without a password."""
        return webhook_token(self.user, self.password) if self.user and self.password else ""

    def fields(self) -> dict[str, Any]:
        """The fields for the API."""
        if not self.user or self.password is None:
            # Label Studio sends a stored user name even with the method NONE, so it is cleared.
            return {"url": self.url, "title": self.title, "auth_method": "NONE", "basic_auth_user": ""}
        return {
            "url": self.url,
            "title": self.title,
            "auth_method": "BASIC_AUTH",
            "basic_auth_user": self.user,
            "basic_auth_pass": self.password.get_secret_value(),
        }


def desired_connection(settings: Settings, url: str, title: str) -> DesiredConnection:
    """The connection for a server with these settings, including its user and password."""
    if settings.basic_auth_user is None or settings.basic_auth_pass is None:
        return DesiredConnection(url, title)
    return DesiredConnection(url, title, settings.basic_auth_user, settings.basic_auth_pass)


def find(connections: Sequence[Connection], *, url: str, title: str = "") -> Connection | None:
    """Find a connection by the backend's address, or by its title if the address has changed.

    Args:
        connections: of the project.
        url: of the backend; empty to find any BoxOCR.
        title: of the connection; empty to compare only the address.
    """
    if not url:
        return next((one for one in connections if one.model_version.startswith(_MODEL) or one.title == title), None)
    same = [one for one in connections if one.url.rstrip("/") == url.rstrip("/")]
    return next(iter(same or [one for one in connections if title and one.title == title]), None)


def explained(refused: LabelStudioRefused, url: str) -> CommandFailed:
    """Explain why Label Studio does not connect to a backend.

    Args:
        refused: Label Studio's answer.
        url: of the backend.
    """
    said = refused.detail
    if "reserved network address" in said:
        return AddressRefused(
            f"Label Studio's address guard refuses {shown(url)}, since it is a private address.",
            http_status=refused.http_status,
            detail=said,
        )
    if "resolve hostname" in said:
        return CommandFailed(
            f"Label Studio does not know the name {urlsplit(url).hostname}.",
            "Give --url an address as Label Studio's machine or container knows it.",
        )
    if "Can't connect to ML backend" in said or "health check failed" in said:
        return unreachable(url, said)
    if "authentication parameters" in said or _HTTP_ERROR.search(said):
        return answered_with_error(said, url)
    return refused


def unreachable(url: str, said: str = "") -> CommandFailed:
    """The error for a backend that Label Studio cannot reach.

    Args:
        url: of the backend.
        said: Label Studio's message.
    """
    how = next((words for words in ("Connection refused", "timed out", "No route to host") if words in said), "")
    message = f"Label Studio cannot reach BoxOCR at {shown(url)}{f' ({how.lower()})' if how else ''}."
    if is_loopback(url):
        return CommandFailed(
            message,
            "Check that BoxOCR runs. If Label Studio runs in a container, localhost is that container: name this "
            f"server with --url {other_names(url)}, and set a password or HOST here: it otherwise serves only this "
            "machine.",
        )
    return CommandFailed(
        message,
        "Check that BoxOCR runs there, with a password or HOST (it otherwise serves only its own machine), and "
        "that no firewall keeps Label Studio from it.",
    )


def answered_with_error(said: str, url: str) -> CommandFailed:
    """The error for a backend that answers Label Studio with an error.

    Args:
        said: Label Studio's message.
        url: of the backend.
    """
    found = _HTTP_ERROR.search(said)
    status, phrase = (found[1], found[2].strip()) if found else ("401", "")
    if status == "401":
        return CommandFailed(
            f"BoxOCR at {shown(url)} requires a user name and password, and Label Studio has none or the wrong ones.",
            "Set BASIC_AUTH_USER and BASIC_AUTH_PASS as for the server, and run boxocr connect --project.",
        )
    if phrase.startswith(LabelingConfigError.message):
        # The original message is used, since a reason phrase is limited to ASCII.
        return CommandFailed(LabelingConfigError.message, LabelingConfigError.remedy)
    if "labeling config" in phrase:
        message, _, remedy = phrase.partition(". ")
        return CommandFailed(f"{message.rstrip('.')}.", remedy or "Change the project's labeling config.")
    if status == "404":
        return CommandFailed(f"The server at {shown(url)} is not BoxOCR (HTTP 404).", "Correct the address.")
    return CommandFailed(
        f"BoxOCR at {shown(url)} answered Label Studio with HTTP {status}: {phrase}", "Check the server's log."
    )
