"""The webhook of a project: ``boxocr connect`` sets it up, and ``boxocr doctor`` says where it does not work."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from pydantic import SecretStr

from boxocr.credentials import WEBHOOK_HEADER, webhook_token
from tests.backend import Backend, running
from tests.commands.conftest import Run
from tests.commands.label_studio_api import ApiStandIn

PASSWORD = {"BASIC_AUTH_USER": "Jürgen", "BASIC_AUTH_PASS": "das pässende:Wort"}
TOKEN = webhook_token("Jürgen", SecretStr("das pässende:Wort"))


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    """A backend that asks for a password."""
    with running(
        tmp_path_factory.mktemp("locked"), PASSWORD | {"OCR_ENGINE": "tests.commands.engines:Obliging"}
    ) as server:
        yield server


def send(hook: dict[str, Any]) -> int:
    """Send an event as Label Studio does, with the webhook's headers and no password; gives the status."""
    event = {"action": "ANNOTATION_CREATED", "project": {"id": hook["project"]}}
    return requests.post(hook["url"], json=event, headers=hook["headers"], timeout=10).status_code


def test_connect_gives_the_webhook_a_token_with_which_events_are_taken(
    boxocr: Run, studio: ApiStandIn, locked: Backend
) -> None:
    number = studio.add_project()
    done = boxocr("connect", "--project", number, "--url", locked.url, **PASSWORD)
    assert done.code == 0, done.errors
    (hook,) = studio.webhooks
    assert (hook["url"], hook["headers"]) == (f"{locked.url}/webhook", {WEBHOOK_HEADER: TOKEN})
    assert send(hook) == 201
    assert PASSWORD["BASIC_AUTH_PASS"] not in str(hook)
    assert TOKEN not in done.output
    assert boxocr("connect", "--project", number, **PASSWORD).output.startswith("Nothing to change")

    examined = boxocr("doctor", "--project", number, "--url", locked.url, **PASSWORD)
    assert examined.says(f"✓ webhook: Label Studio sends the events of project 1 to {locked.url}.")


def test_without_a_password_no_token_is_needed_and_an_old_one_does_no_harm(
    boxocr: Run, studio: ApiStandIn, backend: Backend, project: int
) -> None:
    studio.webhooks[0]["headers"] = {WEBHOOK_HEADER: "of an old password"}
    assert boxocr("connect", "--project", project).output.startswith("Nothing to change")
    examined = boxocr("doctor", "--project", project)
    assert examined.says(f"✓ webhook: Label Studio sends the events of project 1 to {backend.url}.")
    assert send(studio.webhooks[0]) == 201


def test_a_connection_that_was_made_in_label_studio_sends_no_token(
    boxocr: Run, studio: ApiStandIn, locked: Backend
) -> None:
    number = studio.add_project()
    boxocr("connect", "--project", number, "--url", locked.url, **PASSWORD)
    for headers in ({}, {WEBHOOK_HEADER: webhook_token("Jürgen", SecretStr("an old one"))}, {"X-Other": TOKEN}):
        studio.webhooks[0]["headers"] = dict(headers)
        assert send(studio.webhooks[0]) == 401
        examined = boxocr("doctor", "--project", number, **PASSWORD)
        assert examined.code == 1
        assert examined.says(
            f"✗ webhook: The webhook of project 1 to {locked.url} does not send the token that belongs to the "
            "password, so this server refuses its events. → Run boxocr connect --project 1."
        )
        done = boxocr("connect", "--project", number, **PASSWORD)
        assert done.says(f"Updated the connection of project 1 (“Invoices”) to BoxOCR at {locked.url}: token of the")
        assert studio.webhooks[0]["headers"] == headers | {WEBHOOK_HEADER: TOKEN}
        assert send(studio.webhooks[0]) == 201


def test_a_webhook_that_is_switched_off_or_deleted(boxocr: Run, studio: ApiStandIn, locked: Backend) -> None:
    number = studio.add_project()
    arguments = ("--project", number, "--url", locked.url)
    boxocr("connect", *arguments, **PASSWORD)
    studio.webhooks[0] |= {"is_active": False, "send_for_all_actions": False, "actions": ["ANNOTATION_CREATED"]}
    examined = boxocr("doctor", *arguments, **PASSWORD)
    assert examined.code == 1
    assert examined.says(
        f"✗ webhook: The webhook of project 1 to {locked.url} is switched off, so this server does not receive the "
        f"project's events. → Run boxocr connect --project 1 --url {locked.url}."
    )
    assert boxocr("connect", *arguments, **PASSWORD).says("webhook switched on")
    assert studio.webhooks[0]["is_active"]
    assert studio.webhooks[0]["actions"] == ["ANNOTATION_CREATED"]

    studio.webhooks.clear()
    assert boxocr("doctor", *arguments, **PASSWORD).says(
        f"✗ webhook: The webhook of project 1 to {locked.url} does not exist, so this server does not receive the"
    )
    assert boxocr("connect", *arguments, **PASSWORD).says("webhook added")
    assert send(studio.webhooks[0]) == 201
    assert boxocr("doctor", *arguments, **PASSWORD).says("✓ webhook: ")


def test_a_webhook_moves_along_with_its_connection(
    boxocr: Run, studio: ApiStandIn, backend: Backend, project: int
) -> None:
    studio.connections[0]["url"] = "http://127.0.0.1:9"
    studio.webhooks[0] |= {"url": "http://127.0.0.1:9/webhook", "headers": {"X-Other": "mine"}}
    done = boxocr("connect", "--project", project, "--url", backend.url)
    assert done.says("address, before http://127.0.0.1:9, webhook moved too.")
    (hook,) = studio.webhooks
    assert (hook["url"], hook["headers"]) == (f"{backend.url}/webhook", {"X-Other": "mine"})


def test_a_webhook_that_another_connection_needs_stays(
    boxocr: Run, studio: ApiStandIn, backend: Backend, project: int
) -> None:
    studio.connections[0]["url"] = "http://127.0.0.1:9"
    studio.connections.append(studio.connections[0] | {"id": 2, "title": "another"})
    studio.webhooks[0]["url"] = "http://127.0.0.1:9/webhook"
    assert boxocr("connect", "--project", project, "--url", backend.url).says("webhook added.")
    assert [hook["url"] for hook in studio.webhooks] == ["http://127.0.0.1:9/webhook", f"{backend.url}/webhook"]


def test_whoever_may_not_change_webhooks_is_told(boxocr: Run, studio: ApiStandIn, locked: Backend) -> None:
    studio.webhooks_allowed = False
    number = studio.add_project()
    done = boxocr("connect", "--project", number, "--url", locked.url, **PASSWORD)
    assert done.code == 0
    assert done.says("Connected project 1 (“Invoices”)")
    assert done.says("Label Studio did not let the webhook be set up with its token (HTTP 403), so this server may not")
    assert done.says("Use the token of someone who may change webhooks.")
    examined = boxocr("doctor", "--project", number, "--url", locked.url, **PASSWORD)
    assert examined.says("– webhook: The token's owner may not see the project's webhooks.")  # noqa: RUF001


def test_a_name_that_label_studio_takes_no_webhook_for(
    boxocr: Run, studio: ApiStandIn, backend: Backend, project: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What Compose names a service. It is known to Label Studio, which runs in this process.
    url = backend.url.replace("127.0.0.1", "boxocr")
    monkeypatch.setattr(requests, "get", lambda address, **more: _get(address.replace("boxocr", "127.0.0.1"), **more))
    monkeypatch.setattr(requests, "post", lambda address, **more: _post(address.replace("boxocr", "127.0.0.1"), **more))
    studio.known_hosts += ("boxocr",)
    studio.webhooks.clear()
    why = (
        f"Label Studio accepts no webhook for {url}, since the name boxocr has no dot, so this server does not receive"
    )
    done = boxocr("connect", "--project", project, "--url", url)
    assert done.code == 0, done.errors
    assert done.says(why)
    assert studio.webhooks == []
    examined = boxocr("doctor", "--project", project, "--url", url)
    assert examined.code == 0, examined.output
    assert examined.says(f"– webhook: {why}")  # noqa: RUF001


_get, _post = requests.get, requests.post
