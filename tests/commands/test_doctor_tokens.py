"""``boxocr doctor`` names the cause and the remedy where a token is of no use."""

import pytest
import requests

from tests.commands.conftest import Run
from tests.commands.label_studio_api import ApiStandIn
from tests.servers.label_studio import LEGACY_TOKEN, personal_access_token

_DAY = 86_400


def test_no_token(boxocr: Run) -> None:
    done = boxocr("doctor", LABEL_STUDIO_ACCESS_TOKEN="")
    assert done.code == 1
    assert done.says("✗ token: LABEL_STUDIO_ACCESS_TOKEN is not set, so Label Studio shows this server no page.")
    assert done.says("open Account & Settings → Personal Access Token, create one")


def test_a_personal_access_token_mistaken_for_a_legacy_token(boxocr: Run, studio: ApiStandIn) -> None:
    done = boxocr("doctor", LABEL_STUDIO_ACCESS_TOKEN=studio.token[: len(studio.token) // 2])
    assert done.code == 1
    assert done.says(
        "looks like a personal access token that was cut off or changed, so it would be mistaken for a legacy"
    )
    assert done.says("Copy the whole token once more.")


def test_a_personal_access_token_that_has_expired(boxocr: Run) -> None:
    done = boxocr("doctor", LABEL_STUDIO_ACCESS_TOKEN=personal_access_token(life_seconds=-_DAY))
    assert done.code == 1
    assert done.says("✗ token: The personal access token expired on ")
    assert done.says("→ In Label Studio, open Account & Settings → Personal Access Token, create one")


def test_a_personal_access_token_that_expires_soon(boxocr: Run, studio: ApiStandIn) -> None:
    studio.token = personal_access_token(life_seconds=3.5 * _DAY)
    done = boxocr("doctor", "--project", studio.add_project())
    assert done.code == 1
    assert done.says("Personal access token of annotator@example.com, accepted, but it expires in 3 days, on ")
    assert done.says("✓ project: 1 is “Invoices”.")


def test_a_personal_access_token_of_another_label_studio(boxocr: Run) -> None:
    done = boxocr("doctor", LABEL_STUDIO_ACCESS_TOKEN=personal_access_token(life_seconds=50 * _DAY))
    assert done.says("✗ token: Label Studio refuses the personal access token (Token is invalid): it was revoked, or")


def test_personal_access_tokens_are_off(boxocr: Run, studio: ApiStandIn) -> None:
    studio.personal_tokens = False
    done = boxocr("doctor")
    assert done.says("✗ token: Label Studio refuses personal access tokens: they are off in this organisation.")
    assert done.says("open Organization → API Tokens Settings")


def test_an_access_token_in_place_of_the_personal_one(boxocr: Run, studio: ApiStandIn) -> None:
    answer = requests.post(f"{studio.url}/api/token/refresh/", json={"refresh": studio.token}, timeout=5)
    done = boxocr("doctor", LABEL_STUDIO_ACCESS_TOKEN=answer.json()["access"])
    assert done.says("✗ token: LABEL_STUDIO_ACCESS_TOKEN holds an access token, which ends after five minutes")


def test_a_legacy_token_that_is_refused(boxocr: Run) -> None:
    done = boxocr("doctor", LABEL_STUDIO_ACCESS_TOKEN=LEGACY_TOKEN)
    assert done.code == 1
    assert done.says("✗ token: Label Studio refuses the legacy token: legacy tokens are off in this organisation")
    assert done.says("→ In Label Studio, open Account & Settings → Personal Access Token, create one")


def test_a_legacy_token_that_is_taken(boxocr: Run, studio: ApiStandIn) -> None:
    studio.legacy_tokens = True
    assert boxocr("doctor", LABEL_STUDIO_ACCESS_TOKEN=LEGACY_TOKEN).says(
        "✓ token: Legacy token of annotator@example.com"
    )


def test_a_legacy_token_that_is_unknown(boxocr: Run, studio: ApiStandIn) -> None:
    studio.legacy_tokens = True
    done = boxocr("doctor", LABEL_STUDIO_ACCESS_TOKEN="xyz")  # noqa: S106 - wrong, and meant to be
    assert done.says("✗ token: Label Studio does not know this legacy token. It does not look like one either")


@pytest.mark.parametrize("form", ["Bearer {}", "Token {}", '"{}"'])
def test_a_token_with_something_around_it(boxocr: Run, studio: ApiStandIn, form: str) -> None:
    assert boxocr("doctor", LABEL_STUDIO_ACCESS_TOKEN=form.format(studio.token)).says("Set it to the token alone")
