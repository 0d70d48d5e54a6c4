import os
from pathlib import Path

import pytest

from boxocr.errors import PageForbidden, PageNotFound, PageTooLarge
from boxocr.pages.page import PageAddress
from boxocr.pages.sources.local_file_access import LocalFileAccess
from boxocr.pages.sources.local_files import LocalFiles
from boxocr.pages.sources.page_url import PageURL
from boxocr.pages.sources.source import Fetched, Limits
from boxocr.pages.store import PageStore
from boxocr.process.deadline import Deadline
from tests.pages.conftest import StoreMaker, lent, png
from tests.servers.label_studio import LabelStudioStandIn


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    (folder / "imgs").mkdir(parents=True)
    (tmp_path / "secret.png").write_bytes(png(66))
    (tmp_path / "documents-2").mkdir()
    (tmp_path / "documents-2" / "secret.png").write_bytes(png(66))
    return folder


@pytest.fixture
def store(root: Path, make_store: StoreMaker) -> PageStore:
    return make_store(LOCAL_FILES_DOCUMENT_ROOT=root, LOCAL_FILES_FOLDERS=".")


@pytest.mark.parametrize(
    ("name", "d"),
    [
        ("x.png", "x.png"),
        ("imgs/x.png", "imgs/x.png"),
        ("imgs/x.png", "./imgs//x.png"),
        ("imgs/a b.png", "imgs/a%20b.png"),
        ("imgs/a b.png", "imgs/a b.png"),
        ("imgs/a b.png", "imgs/a+b.png"),
        ("imgs/a+b.png", "imgs/a+b.png"),
        ("imgs/a+b.png", "imgs/a%2Bb.png"),
        ("imgs/ä日.png", "imgs/ä日.png"),
        ("imgs/ä日.png", "imgs/%C3%A4%E6%97%A5.png"),
        ("imgs/100%.png", "imgs/100%25.png"),
        ("imgs/100%.png", "imgs/100%.png"),
        ("imgs/a&b.png", "imgs/a%26b.png"),
        ("imgs/a#b?.png", "imgs/a#b?.png"),
        ("imgs/a..b.png", "imgs/a..b.png"),
        ("imgs/...png", "imgs/...png"),
    ],
)
def test_a_file_below_the_root_is_read_from_disk(name: str, d: str, root: Path, store: PageStore) -> None:
    (root / name).write_bytes(png(77))
    assert lent(store, PageAddress(f"/data/local-files/?d={d}"))[0, 0] == 77


@pytest.mark.parametrize("prefix", ["", "/label-studio"])
def test_the_address_may_stand_behind_a_path_prefix(prefix: str, root: Path, store: PageStore) -> None:
    (root / "x.png").write_bytes(png(77))
    assert lent(store, PageAddress(f"{prefix}/data/local-files/?d=x.png"))[0, 0] == 77


@pytest.mark.parametrize(
    "d",
    [
        "../secret.png",
        "imgs/../../secret.png",
        "imgs/../x.png",
        "..",
        "..%2Fsecret.png",
        "%2e%2e/secret.png",
        "%2e%2e%2fsecret.png",
        "..\\secret.png",
        "imgs/..\\..\\secret.png",
        "/etc/passwd",
        "%2Fetc%2Fpasswd",
        "//etc/passwd",
        "\\etc\\passwd",
        "{root}/../secret.png",
        "{outside}/secret.png",
        "link.png",
        "folder-link/secret.png",
        "sibling-link/secret.png",
        "far-link.png",
        "../documents-2/secret.png",
    ],
)
def test_nothing_outside_the_root_is_read(d: str, root: Path, store: PageStore) -> None:
    (root / "link.png").symlink_to(root.parent / "secret.png")
    (root / "folder-link").symlink_to(root.parent)
    (root / "sibling-link").symlink_to(root.parent / "documents-2")
    (root / "near-link.png").symlink_to(root / "link.png")
    (root / "far-link.png").symlink_to("near-link.png")
    with pytest.raises(PageForbidden) as caught:
        lent(store, PageAddress(f"/data/local-files/?d={d.format(root=root, outside=root.parent)}"))
    assert caught.value.sentence == (
        "The page's file is outside the folder of local files. Move it below LOCAL_FILES_DOCUMENT_ROOT."
    )


@pytest.mark.parametrize(
    "d", ["%252e%252e/secret.png", "imgs", "none.png", "a%00b.png", "x" * 300, "loop", "pipe", "."]
)
def test_what_is_no_file_below_the_root_is_not_found(d: str, root: Path, store: PageStore) -> None:
    (root / "loop").symlink_to("loop")
    os.mkfifo(root / "pipe")
    with pytest.raises(PageNotFound) as caught:
        lent(store, PageAddress(f"/data/local-files/?d={d}"))
    assert caught.value.message == "The folder of local files has no such page."


def test_a_link_inside_the_root_is_followed(root: Path, store: PageStore) -> None:
    (root / "x.png").write_bytes(png(77))
    (root / "imgs" / "link.png").symlink_to("../x.png")
    assert lent(store, PageAddress("/data/local-files/?d=imgs/link.png"))[0, 0] == 77


def test_a_changed_file_is_noticed_at_once_and_an_unchanged_one_is_kept(root: Path, store: PageStore) -> None:
    (root / "x.png").write_bytes(png(1))
    address = PageAddress("/data/local-files/?d=x.png")
    first = lent(store, address)
    assert lent(store, address) is first
    (root / "x.png").write_bytes(png(2))
    assert lent(store, address)[0, 0] == 2


def test_an_unchanged_file_is_not_even_read(root: Path) -> None:
    (root / "x.png").write_bytes(png(1))
    source, url = (
        LocalFiles(root, Limits(1, 1000), LocalFileAccess(root, ["."], None)),
        PageURL.parse("/data/local-files/?d=x.png"),
    )
    found = source.fetch(url, None, Deadline(1))
    assert found.data == png(1)
    assert source.fetch(url, found.validator, Deadline(1)) == Fetched(None, found.validator)
    # As many bytes, at the same second by its times.
    times = (root / "x.png").stat()
    (root / "x.png").write_bytes(png(2))
    os.utime(root / "x.png", ns=(times.st_atime_ns, times.st_mtime_ns))
    assert source.fetch(url, found.validator, Deadline(1)).data == png(2)


def test_a_file_over_the_limit_is_refused(root: Path, make_store: StoreMaker) -> None:
    (root / "x.png").write_bytes(b"\x89PNG" * 300)
    store = make_store(LOCAL_FILES_DOCUMENT_ROOT=root, LOCAL_FILES_FOLDERS=".", MAX_PAGE_MB=0.001)
    with pytest.raises(PageTooLarge):
        lent(store, PageAddress("/data/local-files/?d=x.png"))


def test_with_a_root_the_disk_comes_first_and_label_studio_gives_the_rest(
    root: Path, studio: LabelStudioStandIn, make_store: StoreMaker
) -> None:
    store = make_store(
        LOCAL_FILES_DOCUMENT_ROOT=root, LABEL_STUDIO_URL=studio.url, LABEL_STUDIO_ACCESS_TOKEN=studio.token
    )
    (root / "here.png").write_bytes(png(1))
    studio.local_files |= {"here.png": png(2), "there.png": png(3)}
    assert lent(store, PageAddress("/data/local-files/?d=here.png"))[0, 0] == 1
    assert lent(store, PageAddress(f"{studio.url}/data/local-files/?d=here.png"))[0, 0] == 1
    assert [request.headers.get("if-none-match") for request in studio.web.requests if request.method == "GET"] == ["*"]
    assert lent(store, PageAddress("/data/local-files/?d=there.png"))[0, 0] == 3


def test_another_hosts_address_of_local_files_is_not_taken_from_disk(
    root: Path, web: object, make_store: StoreMaker
) -> None:
    (root / "x.png").write_bytes(png(1))
    store = make_store(LOCAL_FILES_DOCUMENT_ROOT=root)
    with pytest.raises(PageForbidden, match="private host"):
        lent(store, PageAddress(f"{web.url}/data/local-files/?d=x.png"))  # type: ignore[attr-defined]


# Access


@pytest.fixture
def asking(root: Path, studio: LabelStudioStandIn, make_store: StoreMaker) -> PageStore:
    """A store that reads from disk what Label Studio serves."""
    return make_store(
        LOCAL_FILES_DOCUMENT_ROOT=root, LABEL_STUDIO_URL=studio.url, LABEL_STUDIO_ACCESS_TOKEN=studio.token
    )


def test_a_file_on_disk_that_label_studio_does_not_serve_is_not_read(
    root: Path, studio: LabelStudioStandIn, asking: PageStore
) -> None:
    (root / "payroll").mkdir()
    (root / "payroll" / "x.png").write_bytes(png(1))
    with pytest.raises(PageNotFound, match="Label Studio shows no such local file"):
        lent(asking, PageAddress("/data/local-files/?d=payroll/x.png"))
    studio.serves_local_files = False
    with pytest.raises(PageForbidden, match="does not serve local files"):
        lent(asking, PageAddress("/data/local-files/?d=payroll/x.png"))


def test_label_studio_is_asked_once_for_a_folder(root: Path, studio: LabelStudioStandIn, asking: PageStore) -> None:
    for number in range(3):
        (root / "imgs" / f"{number} +.png").write_bytes(png(number))
        studio.local_files[f"imgs/{number} +.png"] = b""
        assert lent(asking, PageAddress(f"/data/local-files/?d=imgs/{number}%20%2B.png"))[0, 0] == number
    assert len(studio.web.asked(f"{studio.prefix}/data/local-files/")) == 1


def test_a_folder_below_one_that_is_served_is_asked_for(
    root: Path, studio: LabelStudioStandIn, asking: PageStore
) -> None:
    # A storage can be below the folder of another one that the token's owner may not open.
    (root / "imgs" / "private").mkdir()
    for name in ("imgs/x.png", "imgs/private/x.png"):
        (root / name).write_bytes(png(1))
    studio.local_files["imgs/x.png"] = b""
    assert lent(asking, PageAddress("/data/local-files/?d=imgs/x.png"))[0, 0] == 1
    with pytest.raises(PageNotFound):
        lent(asking, PageAddress("/data/local-files/?d=imgs/private/x.png"))


def test_without_a_token_only_listed_folders_are_read(root: Path, make_store: StoreMaker) -> None:
    (root / "other").mkdir()
    for name in ("imgs/x.png", "other/x.png"):
        (root / name).write_bytes(png(1))
    (root / "imgs" / "link.png").symlink_to("../other/x.png")
    store = make_store(LOCAL_FILES_DOCUMENT_ROOT=root, LOCAL_FILES_FOLDERS=" imgs/ , none")
    assert lent(store, PageAddress("/data/local-files/?d=imgs/x.png"))[0, 0] == 1
    for name in ("other/x.png", "imgs/link.png"):
        with pytest.raises(PageForbidden) as caught:
            lent(store, PageAddress(f"/data/local-files/?d={name}"))
        assert caught.value.sentence == (
            "The page is a local file, and without a token Label Studio cannot be asked who may read it. "
            "Set LABEL_STUDIO_ACCESS_TOKEN, or list the file's folder in LOCAL_FILES_FOLDERS."
        )
