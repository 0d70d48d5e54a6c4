"""Do a project's events arrive here?"""

from boxocr.diagnosis.report import Finding, failed, passed, skipped
from boxocr.label_studio import webhooks
from boxocr.label_studio.client import LabelStudioAPI
from boxocr.label_studio.errors import LabelStudioRefused
from boxocr.label_studio.hosts import shown

CHECK = "webhook"


def finding(api: LabelStudioAPI, project: int, backend_url: str, token: str, connect: str) -> Finding:
    """Whether the project has a webhook whose events this server takes.

    Args:
        api: Label Studio.
        project: its number.
        backend_url: of this server, as Label Studio's connection has it.
        token: that the webhook must send; empty where this server asks for no password.
        connect: the command that puts it right.
    """
    if why := webhooks.unheard(backend_url):
        return skipped(CHECK, why)
    try:
        own = webhooks.of(backend_url, api.webhooks(project))
    except LabelStudioRefused:
        return skipped(CHECK, "The token's owner may not see the project's webhooks.")
    active = [one for one in own if one.active]
    address = shown(backend_url)
    if any(one.has_token(token) for one in active):
        return passed(CHECK, f"Label Studio tells {address} what happens in project {project}.")
    if active:
        trouble = "does not send the token that belongs to the password, so this server refuses its events"
    elif own:
        trouble = "is switched off, so this server does not learn what happens in the project"
    else:
        trouble = "does not exist, so this server does not learn what happens in the project"
    return failed(CHECK, f"The webhook of project {project} to {address} {trouble}.", f"Run {connect}.")
