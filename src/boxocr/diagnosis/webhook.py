"""Checks that a project's events arrive at this server."""

from boxocr.diagnosis.report import Finding, failed, passed, skipped
from boxocr.label_studio import webhooks
from boxocr.label_studio.client import LabelStudioAPI
from boxocr.label_studio.errors import LabelStudioRefused
from boxocr.label_studio.hosts import shown

CHECK = "webhook"


def finding(api: LabelStudioAPI, project: int, backend_url: str, token: str, connect: str) -> Finding:
    """Check the project's webhook for this server.

    Args:
        api: Label Studio.
        project: its number.
        backend_url: of this server, as in Label Studio's connection.
        token: that the webhook must send; empty if this server has no password.
        connect: the command that corrects the webhook.
    """
    if why := webhooks.refusal_reason(backend_url):
        return skipped(CHECK, why)
    try:
        own = webhooks.of(backend_url, api.webhooks(project))
    except LabelStudioRefused:
        return skipped(CHECK, "The token's owner may not see the project's webhooks.")
    active = [one for one in own if one.active]
    address = shown(backend_url)
    if any(one.has_token(token) for one in active):
        return passed(CHECK, f"Label Studio sends the events of project {project} to {address}.")
    if active:
        trouble = "does not send the token that belongs to the password, so this server refuses its events"
    elif own:
        trouble = "is switched off, so this server does not receive the project's events"
    else:
        trouble = "does not exist, so this server does not receive the project's events"
    return failed(CHECK, f"The webhook of project {project} to {address} {trouble}.", f"Run {connect}.")
