"""Label Studio's connection to this backend: which one it is, and what keeps it from working."""

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

# Versions that BoxOCR gives its models begin with it.
_MODEL = "boxocr"

# Of a connection, unless the operator gives it another one.
TITLE = "BoxOCR"

# What no backend can do for annotators.
ACCEPTING = (
    "Label Studio keeps the text of a box once it is accepted: annotators switch Auto-Accept Suggestions on, or accept "
    "each box before they change the label or submit."
)

# How requests, with which Label Studio calls its backends, quotes an answer's reason phrase.
_HTTP_ERROR = re.compile(r"(\d{3}) (?:Client|Server) Error: (.*?)(?: for url: |$)")


@dataclass(frozen=True, slots=True)
class Connection:
    """A project's connection to an ML backend.

    Attributes:
        id: its number.
        url: of the backend, as Label Studio reaches it.
        title: as people see it.
        interactive: whether annotators' regions are sent to it.
        user: of basic authentication, empty when that is off.
        state: CO connected, DI no answer, ER answers with an error; asked anew when connections are listed.
        error: of the state ER.
        model_version: that the backend gave.
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
        """Whether Label Studio reaches it and it accepts the project."""
        return self.state == "CO"


@dataclass(frozen=True, slots=True)
class DesiredConnection:
    """A connection as it should be.

    Attributes:
        url: of the backend, as Label Studio reaches it.
        title: as people see it.
        user: of basic authentication, empty for none.
        password: of basic authentication.
    """

    url: str
    title: str
    user: str = ""
    password: SecretStr | None = None

    @property
    def webhook_token(self) -> str:
        """That webhooks must send; empty when there is no password."""
        return webhook_token(self.user, self.password) if self.user and self.password else ""

    def fields(self) -> dict[str, Any]:
        """What the API is sent."""
        if not self.user or self.password is None:
            # Label Studio sends a stored user name along whatever the method says, so it is emptied.
            return {"url": self.url, "title": self.title, "auth_method": "NONE", "basic_auth_user": ""}
        return {
            "url": self.url,
            "title": self.title,
            "auth_method": "BASIC_AUTH",
            "basic_auth_user": self.user,
            "basic_auth_pass": self.password.get_secret_value(),
        }


def desired_connection(settings: Settings, url: str, title: str) -> DesiredConnection:
    """The connection as the settings want it: with user and password where the server asks for them."""
    if settings.basic_auth_user is None or settings.basic_auth_pass is None:
        return DesiredConnection(url, title)
    return DesiredConnection(url, title, settings.basic_auth_user, settings.basic_auth_pass)


def find(connections: Sequence[Connection], *, url: str, title: str = "") -> Connection | None:
    """The connection with this address, else the one with this title, which the backend had before it moved.

    Args:
        connections: of the project.
        url: of the backend; empty for any BoxOCR.
        title: of the connection; empty when only the address counts.
    """
    if not url:
        return next((one for one in connections if one.model_version.startswith(_MODEL) or one.title == title), None)
    same = [one for one in connections if one.url.rstrip("/") == url.rstrip("/")]
    return next(iter(same or [one for one in connections if title and one.title == title]), None)


def explained(refused: LabelStudioRefused, url: str) -> CommandFailed:
    """Why Label Studio does not connect to a backend, from what it says.

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
    """Label Studio gets no answer from the backend.

    Args:
        url: of the backend.
        said: Label Studio's words about it.
    """
    how = next((words for words in ("Connection refused", "timed out", "No route to host") if words in said), "")
    message = f"Label Studio cannot reach BoxOCR at {shown(url)}{f' ({how.lower()})' if how else ''}."
    if is_loopback(url):
        return CommandFailed(
            message,
            "Check that BoxOCR runs. If Label Studio runs in a container, localhost is that container: name this "
            f"server with --url {other_names(url)}.",
        )
    return CommandFailed(message, "Check that BoxOCR runs there and that no firewall keeps Label Studio from it.")


def answered_with_error(said: str, url: str) -> CommandFailed:
    """The backend answers Label Studio with an error.

    Args:
        said: Label Studio's words about it.
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
        # Its own words, since a reason phrase has no letters but ASCII.
        return CommandFailed(LabelingConfigError.message, LabelingConfigError.remedy)
    if "labeling config" in phrase:
        message, _, remedy = phrase.partition(". ")
        return CommandFailed(f"{message.rstrip('.')}.", remedy or "Change the project's labeling config.")
    if status == "404":
        return CommandFailed(f"What answers at {shown(url)} is not BoxOCR (HTTP 404).", "Correct the address.")
    return CommandFailed(
        f"BoxOCR at {shown(url)} answered Label Studio with HTTP {status}: {phrase}", "Look into the server's log."
    )
