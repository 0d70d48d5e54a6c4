"""Pages in cloud storage that Label Studio opens."""

import pytest

from boxocr.errors import PageForbidden, PageNotFound
from boxocr.pages.store import PageStore
from tests.pages.conftest import StoreMaker, failure, png, value
from tests.servers.label_studio import LabelStudioStandIn
from tests.servers.s3 import S3Server
from tests.servers.web import WebServer


@pytest.mark.parametrize("uri", ["s3://bucket/a b%20ä?x#y.png", "gs://bucket/x.png", "azure-blob://container/x.png"])
def test_cloud_storage_is_read_through_label_studio(
    uri: str, studio: LabelStudioStandIn, studio_store: PageStore
) -> None:
    studio.cloud[12, uri] = png(8)
    assert value(studio_store, uri, 12) == 8


def test_a_signed_address_is_followed_without_the_token(
    studio: LabelStudioStandIn, s3: S3Server, make_store: StoreMaker
) -> None:
    s3.put("signed ä.png", png(8))
    with_hosts = make_store(LABEL_STUDIO_URL=studio.url, LABEL_STUDIO_ACCESS_TOKEN=studio.token, AWS_ENDPOINT=s3.url)
    # S3 refuses a signed address that also carries an Authorization header.
    studio.cloud[12, "s3://pages/signed ä.png"] = s3.presigned("signed ä.png")
    assert value(with_hosts, "s3://pages/signed ä.png", 12) == 8


def test_a_signed_address_on_a_private_host_must_be_allowed(
    studio: LabelStudioStandIn, elsewhere: WebServer, studio_store: PageStore
) -> None:
    studio.cloud[12, "s3://pages/x.png"] = f"{elsewhere.url}/x.png?signature=1"
    assert isinstance(failure(studio_store, "s3://pages/x.png", 12), PageForbidden)
    assert elsewhere.requests == []


def test_cloud_storage_that_label_studio_cannot_open_is_told(studio_store: PageStore) -> None:
    assert failure(studio_store, "gs://bucket/x.png", 12).sentence == (
        "Label Studio cannot open the page in its cloud storage (HTTP 404). "
        "Check that the project's source storage includes this bucket and file."
    )


def test_cloud_storage_without_a_task_is_told(studio_store: PageStore) -> None:
    assert failure(studio_store, "gs://bucket/x.png").message == (
        "The page is in cloud storage that only Label Studio can open, and the request has no task id."
    )


def test_what_label_studio_opens_for_one_task_is_not_given_to_another(
    studio: LabelStudioStandIn, studio_store: PageStore
) -> None:
    studio.cloud[12, "gs://bucket/x.png"] = png(8)
    assert value(studio_store, "gs://bucket/x.png", 12) == 8
    assert isinstance(failure(studio_store, "gs://bucket/x.png", 13), PageNotFound)
