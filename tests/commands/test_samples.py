"""``boxocr samples``, and ``boxocr demo`` with pages in a bucket, against a real S3 server."""

from collections.abc import Iterator

import pytest

from tests.backend import ROOT, Backend
from tests.commands.conftest import Run
from tests.commands.label_studio_api import ApiStandIn
from tests.servers.s3 import ACCESS_KEY, BUCKET, SECRET_KEY, S3Server, s3_server

PAGES = sorted((ROOT / "examples" / "pages").glob("*.png"))


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def keys(s3: S3Server) -> dict[str, str]:
    return {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY, "AWS_ENDPOINT": s3.url}


def test_the_bucket_is_made_once_and_filled(boxocr: Run, s3: S3Server, keys: dict[str, str]) -> None:
    first = boxocr("samples", "--bucket", "archive", **keys)
    assert first.code == 0, first.errors
    names = ", ".join(page.name for page in PAGES)
    assert first.output == f"Made the bucket archive. Put {names} into s3://archive/samples/."
    for page in PAGES:
        stored = s3.client.get_object(Bucket="archive", Key=f"samples/{page.name}")
        assert (stored["Body"].read(), stored["ContentType"]) == (page.read_bytes(), "image/png")

    s3.client.delete_object(Bucket="archive", Key="samples/letter.png")
    assert boxocr("samples", "--bucket", "archive", **keys).output == "Put letter.png into s3://archive/samples/."
    again = boxocr("samples", "--bucket", "archive", **keys)
    assert again.output == "The sample pages are in s3://archive/samples/."


def test_what_is_in_the_way_is_said(boxocr: Run, keys: dict[str, str]) -> None:
    assert "This server has no keys for S3." in boxocr("samples", "--bucket", BUCKET, AWS_ACCESS_KEY_ID="").errors
    wrong = boxocr("samples", "--bucket", BUCKET, **keys | {"AWS_SECRET_ACCESS_KEY": "a secret that is wrong"})
    assert wrong.code == 1
    assert "S3 refused this server's keys (SignatureDoesNotMatch)." in wrong.errors
    assert "a secret" not in wrong.errors


def test_the_demo_shows_the_bucket_too(
    boxocr: Run, studio: ApiStandIn, backend: Backend, s3: S3Server, keys: dict[str, str]
) -> None:
    arguments = ("demo", "--url", backend.url, "--bucket", "desk")
    first = boxocr(*arguments, **keys)
    assert first.code == 0, first.errors
    assert first.says("Made the bucket desk.")
    assert first.says("The project shows the pages in s3://desk/samples/.")
    assert boxocr(*arguments, **keys).code == 0
    (storage,) = studio.storages
    assert storage == {
        "id": 1,
        "synced": 2,
        "project": 1,
        "title": "desk/samples",
        "bucket": "desk",
        "prefix": "samples",
        "s3_endpoint": s3.url,
        "region_name": "us-east-1",
        "aws_access_key_id": ACCESS_KEY,
        "aws_secret_access_key": SECRET_KEY,
        "aws_session_token": None,
        "regex_filter": ".*",
        "use_blob_urls": True,
        "presign": False,
    }
