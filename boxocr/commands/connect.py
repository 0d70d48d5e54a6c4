"""``boxocr connect``: this backend becomes a project's model, or stays it."""

from dataclasses import dataclass, replace

from boxocr.commands.addresses import shown
from boxocr.commands.checks import label_studio
from boxocr.commands.connections import Connection, Wanted, answered_with_error, explained, find, unreachable
from boxocr.commands.errors import CommandFailed, LabelStudioRefused
from boxocr.commands.label_studio_api import LabelStudioAPI, Project
from boxocr.settings import Settings


@dataclass(frozen=True, slots=True)
class Done:
    """What was done to a project.

    Attributes:
        project: the project.
        connection: as it is now.
        changes: what is different from before, in words; empty when nothing is.
        added: whether there was no connection before.
    """

    project: Project
    connection: Connection
    changes: tuple[str, ...]
    added: bool

    def sentences(self) -> list[str]:
        """For whoever ran the command."""
        place = f"project {self.project.id} (“{self.project.title}”)"
        address = shown(self.connection.url)
        tested = f"Label Studio tested it: {self.connection.model_version or 'the backend'} answers."
        if not self.changes:
            return [f"Nothing to change: {place} is connected to BoxOCR at {address}. {tested}"]
        if self.added:
            said = f"Connected {place} to BoxOCR at {address}, with interactive preannotations on"
            return [f"{said}{_with_user(self.connection.user)}. {tested}"]
        return [f"Updated the connection of {place} to BoxOCR at {address}: {', '.join(self.changes)}. {tested}"]


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
    answer = label_studio.ask(settings.label_studio_url)
    if isinstance(answer, CommandFailed):
        raise answer
    return LabelStudioAPI(settings.label_studio_url, settings.label_studio_token)


def wanted(settings: Settings, url: str, title: str) -> Wanted:
    """The connection as the settings want it: with user and password where the server asks for them."""
    if settings.basic_auth_user is None or settings.basic_auth_pass is None:
        return Wanted(url, title)
    return Wanted(url, title, settings.basic_auth_user, settings.basic_auth_pass)


def connect(api: LabelStudioAPI, number: int, aim: Wanted, *, named: bool) -> Done:
    """Connect a project, unless it is connected as it should be.

    Args:
        api: Label Studio.
        number: the project's.
        aim: the connection as it should be.
        named: whether the operator gave the address; if not, that of a connection which is there is kept.

    Raises:
        CommandFailed: Label Studio refuses the backend's address, does not reach it, or it does not accept the project.
    """
    project = api.project(number)
    row = find(api.connections(number), url=aim.url if named else "", title=aim.title)
    if row is not None and not named:
        aim = replace(aim, url=row.url.rstrip("/"))
    changes = ("new",) if row is None else _changes(row, aim)
    try:
        if row is None:
            row, added = api.connect(number, aim), True
        else:
            added = False
            if changes:
                row = api.reconnect(row, number, aim)
    except LabelStudioRefused as refused:
        raise explained(refused, aim.url) from None
    if not row.works:
        raise answered_with_error(row.error, row.url) if row.error else unreachable(row.url)
    return Done(project, row, changes, added)


def _changes(row: Connection, aim: Wanted) -> tuple[str, ...]:
    """What has to be changed, in words."""
    found = []
    if row.url.rstrip("/") != aim.url:
        found.append(f"address, before {shown(row.url)}")
    if row.title != aim.title:
        found.append(f"title, before “{row.title}”")
    if not row.interactive:
        found.append("interactive preannotations on")
    if row.user != aim.user:
        found.append(f"user {aim.user}" if aim.user else "basic authentication off")
    if not found and not row.works:
        # Label Studio never gives a password back, so an old one shows only by its being refused.
        found.append("tested again, with the password of BASIC_AUTH_PASS" if aim.user else "tested again")
    return tuple(found)


def _with_user(user: str) -> str:
    return f" and basic authentication as {user}" if user else ""
