"""``boxocr connect``: connects a project to this backend, or updates the connection."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from boxocr.diagnosis import label_studio_server
from boxocr.label_studio import webhooks
from boxocr.label_studio.backends import (
    Connection,
    DesiredConnection,
    answered_with_error,
    explained,
    find,
    unreachable,
)
from boxocr.label_studio.client import LabelStudioAPI, Project
from boxocr.label_studio.errors import CommandFailed, LabelStudioRefused
from boxocr.label_studio.hosts import shown
from boxocr.settings.environment import Settings


@dataclass(frozen=True, slots=True)
class Done:
    """The result of the command.

    Attributes:
        project: the project.
        connection: its current state.
        changes: descriptions of all changes.
        added: whether the connection is new.
        remark: a further sentence for the operator; usually empty.
    """

    project: Project
    connection: Connection
    changes: tuple[str, ...]
    added: bool
    remark: str = ""

    def sentences(self) -> list[str]:
        """The output of the command."""
        place = f"project {self.project.id} (“{self.project.title}”)"
        address = shown(self.connection.url)
        tested = f"Label Studio tested it: {self.connection.model_version or 'the backend'} answers."
        if self.added:
            said = f"Connected {place} to BoxOCR at {address}, with interactive preannotations on"
            said += f"{_with_user(self.connection.user)}."
        elif self.changes:
            said = f"Updated the connection of {place} to BoxOCR at {address}: {', '.join(self.changes)}."
        else:
            said = f"Nothing to change: {place} is connected to BoxOCR at {address}."
        return [f"{said} {tested}", *filter(None, [self.remark])]


def open_api(settings: Settings) -> LabelStudioAPI:
    """Open Label Studio's API with this server's token.

    Raises:
        CommandFailed: the address or the token is missing, or Label Studio does not answer.
    """
    if settings.label_studio_url is None:
        raise CommandFailed("This server does not know where Label Studio is.", "Set LABEL_STUDIO_HOST.")
    if settings.label_studio_token is None:
        raise CommandFailed(
            "This server has no token for Label Studio.",
            "Create a personal access token in Label Studio and set LABEL_STUDIO_ACCESS_TOKEN to it.",
        )
    answer = label_studio_server.ask(settings.label_studio_url)
    if isinstance(answer, CommandFailed):
        raise answer
    return LabelStudioAPI(settings.label_studio_url, settings.label_studio_token)


def connect(api: LabelStudioAPI, number: int, desired: DesiredConnection, *, url_given: bool) -> Done:
    """Connect a project, or correct its connection and webhook.

    Args:
        api: Label Studio.
        number: of the project.
        desired: the connection to have afterwards.
        url_given: whether the operator gave the address. Otherwise an existing connection keeps its own.

    Raises:
        CommandFailed: Label Studio refuses or cannot reach the backend's address, or the backend refuses the project.
    """
    project = api.project(number)
    rows = api.connections(number)
    row = find(rows, url=desired.url if url_given else "", title=desired.title)
    left = _previous_url(row, rows)
    if row is not None and not url_given:
        desired = replace(desired, url=row.url.rstrip("/"))
    changes = ("new",) if row is None else _changes(row, desired)
    try:
        if row is None:
            row, added = api.connect(number, desired), True
        else:
            added = False
            if changes:
                row = api.reconnect(row, number, desired)
    except LabelStudioRefused as refused:
        raise explained(refused, desired.url) from None
    if not row.works:
        raise answered_with_error(row.error, row.url) if row.error else unreachable(row.url)
    try:
        changes += _correct_webhook(api, number, desired, left)
    except LabelStudioRefused as refused:
        return Done(project, row, changes, added, _webhook_refused(refused, desired))
    return Done(project, row, changes, added, webhooks.refusal_reason(desired.url))


def _changes(row: Connection, desired: DesiredConnection) -> tuple[str, ...]:
    """Descriptions of the differences."""
    found = []
    if row.url.rstrip("/") != desired.url:
        found.append(f"address, before {shown(row.url)}")
    if row.title != desired.title:
        found.append(f"title, before “{row.title}”")
    if not row.interactive:
        found.append("interactive preannotations on")
    if row.user != desired.user:
        found.append(f"user {desired.user}" if desired.user else "basic authentication off")
    if not found and not row.works:
        # Label Studio never returns the password that it stores, so an outdated one is noticed only once it is refused.
        found.append("tested again, with the password of BASIC_AUTH_PASS" if desired.user else "tested again")
    return tuple(found)


def _previous_url(row: Connection | None, rows: Sequence[Connection]) -> str:
    """The connection's current address; empty if there is no connection, or if another connection uses it too."""
    if row is None or any(one.url.rstrip("/") == row.url.rstrip("/") for one in rows if one.id != row.id):
        return ""
    return row.url


def _correct_webhook(api: LabelStudioAPI, project: int, desired: DesiredConnection, left: str) -> tuple[str, ...]:
    """Correct the webhook for the project's events; returns descriptions of the changes.

    Args:
        api: Label Studio.
        project: its number.
        desired: the connection as it is now.
        left: the connection's previous address, from :func:`_previous_url`.
    """
    if webhooks.refusal_reason(desired.url):
        return ()
    there = api.webhooks(project)
    url, token = webhooks.url_of(desired.url), desired.webhook_token
    if not (own := webhooks.of(desired.url, there)):
        # Label Studio does not change the webhook when it changes the connection.
        if left and (old := webhooks.of(left, there)):
            api.change_webhook(old[0], url, old[0].headers_with(token))
            return ("webhook moved too",)
        api.add_webhook(project, url, webhooks.Webhook(0, url, True, {}).headers_with(token))
        return ("webhook added",)
    changes = []
    for webhook in own:
        if not webhook.active:
            changes.append("webhook switched on")
        if not webhook.has_token(token):
            changes.append("token of the webhook")
        if not (webhook.active and webhook.has_token(token)):
            api.change_webhook(webhook, url, webhook.headers_with(token))
    return tuple(dict.fromkeys(changes))


def _webhook_refused(refused: LabelStudioRefused, desired: DesiredConnection) -> str:
    """A remark about the webhook. It does not quote Label Studio's answer, which can contain the token."""
    way = " with its token" if desired.user else ""
    return (
        f"Label Studio did not let the webhook be set up{way} (HTTP {refused.http_status}), so this server may "
        "not receive the project's events; only a model with its own fit() needs them. Use the token of someone who "
        "may change webhooks."
    )


def _with_user(user: str) -> str:
    return f" and basic authentication as {user}" if user else ""
