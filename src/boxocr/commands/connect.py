"""``boxocr connect``: this backend becomes a project's model, or stays it."""

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
    """What was done to a project.

    Attributes:
        project: the project.
        connection: as it is now.
        changes: what is different from before, in words; empty when nothing is.
        added: whether there was no connection before.
        remark: what the operator should know beside that; mostly empty.
    """

    project: Project
    connection: Connection
    changes: tuple[str, ...]
    added: bool
    remark: str = ""

    def sentences(self) -> list[str]:
        """For whoever ran the command."""
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
    """Label Studio, with this server's token.

    Raises:
        CommandFailed: address or token is missing or wrong.
    """
    if settings.label_studio_url is None:
        raise CommandFailed("This server does not know where Label Studio is.", "Set LABEL_STUDIO_URL.")
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
    """Connect a project, unless it is connected as it should be.

    Args:
        api: Label Studio.
        number: the project's.
        desired: the connection as it should be.
        url_given: whether the operator gave the address; if not, that of a connection which is there is kept.

    Raises:
        CommandFailed: Label Studio refuses the backend's address, does not reach it, or it does not accept the project.
    """
    project = api.project(number)
    rows = api.connections(number)
    row = find(rows, url=desired.url if url_given else "", title=desired.title)
    left = _left(row, rows)
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
        changes += _mend_webhook(api, number, desired, left)
    except LabelStudioRefused as refused:
        return Done(project, row, changes, added, _deaf(refused, desired))
    return Done(project, row, changes, added, webhooks.unheard(desired.url))


def _changes(row: Connection, desired: DesiredConnection) -> tuple[str, ...]:
    """What has to be changed, in words."""
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
        # Label Studio never gives a password back, so an old one shows only by its being refused.
        found.append("tested again, with the password of BASIC_AUTH_PASS" if desired.user else "tested again")
    return tuple(found)


def _left(row: Connection | None, rows: Sequence[Connection]) -> str:
    """The address that no connection has once this one has got another; empty when there is none."""
    if row is None or any(one.url.rstrip("/") == row.url.rstrip("/") for one in rows if one.id != row.id):
        return ""
    return row.url


def _mend_webhook(api: LabelStudioAPI, project: int, desired: DesiredConnection, left: str) -> tuple[str, ...]:
    """See that the project's events arrive here; what had to be changed for that, in words.

    Args:
        api: Label Studio.
        project: its number.
        desired: the connection as it is now.
        left: the address that it had before.
    """
    if webhooks.unheard(desired.url):
        return ()
    there = api.webhooks(project)
    url, token = webhooks.url_of(desired.url), desired.webhook_token
    if not (own := webhooks.of(desired.url, there)):
        # Label Studio does not move it along with its connection.
        if left and (old := webhooks.of(left, there)):
            api.change_webhook(old[0], url, old[0].headers_with(token))
            return ("webhook moved along",)
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


def _deaf(refused: LabelStudioRefused, desired: DesiredConnection) -> str:
    """That the webhook is not as it should be. What Label Studio says about that can hold the token."""
    way = " with its token" if desired.user else ""
    return (
        f"Label Studio did not let the webhook be set up{way} (HTTP {refused.http_status}), so this server may not "
        "learn what happens in the project; only a model with a fit() of its own needs to. Use the token of someone "
        "who may change webhooks."
    )


def _with_user(user: str) -> str:
    return f" and basic authentication as {user}" if user else ""
