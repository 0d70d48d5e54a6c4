"""Pages that Label Studio holds or opens: uploads, its local files, and cloud storage that only it has keys for.

Which address is which was measured against Label Studio 1.23.
"""

import base64
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import quote, unquote

from boxocr.errors import PageAddressError, PageForbidden, PageNotFound, PageUnauthorized
from boxocr.pages.addresses import is_loopback
from boxocr.pages.deadline import Deadline
from boxocr.pages.page import PageAddress
from boxocr.pages.source import Fetched, Validator
from boxocr.pages.tokens import Tokens
from boxocr.pages.urls import WebUrl, parse_web_url, scheme_of
from boxocr.pages.web import Answer, Web, fetched

_UPLOADS_PATH = "/data/upload/"
_LOCAL_FILES_PATH = "/data/local-files/"

# How a project's export names uploads.
_BARE_UPLOAD = "upload/"

CLOUD_SCHEMES = ("s3", "gs", "azure-blob")

_SERVER_ERRORS = range(500, 600)


class LabelStudio:
    """The source for everything on Label Studio's address.

    Args:
        base_url: its address, path prefix included.
        tokens: for it.
        web: the way to it.
    """

    def __init__(self, base_url: str, tokens: Tokens, web: Web) -> None:
        base = parse_web_url(base_url)
        self._origin = base.origin
        self._prefix = base.path.rstrip("/")
        self._tokens = tokens
        self._web = web

    def place(self, url: str) -> WebUrl | None:
        """Where an address of a task lies on Label Studio, None when it does not lie there.

        An address that begins with a slash, or with ``upload/``, does. One behind a path prefix may hold the prefix or
        leave it out.
        """
        if scheme_of(url):
            found = parse_web_url(url)
            return found if self._holds(found) else self._known_by_another_name(found)
        if url.startswith(_BARE_UPLOAD):
            url = f"/data/{url}"
        if not url.startswith("/") or url.startswith("//"):
            return None
        # A backslash or a tab here must not become a host, as it would in a browser: the origin is written out.
        if self._prefix and not url.startswith(f"{self._prefix}/"):
            url = f"{self._prefix}{url}"
        found = parse_web_url(f"{self._origin.scheme}://{self._origin}{url}")
        if not self._holds(found):
            raise PageForbidden("The page's address leads out of Label Studio.", "Correct it in the task.")
        return found

    def _known_by_another_name(self, url: WebUrl) -> WebUrl | None:
        """The file of an address on ``localhost``, where Label Studio writes that into tasks and we know it otherwise.

        That is so when both run in containers, and people open Label Studio on the machine's own port. Nothing else on
        a loopback address has these paths, and this server could not reach it there.
        """
        path = url.target.removeprefix(self._prefix)
        if not is_loopback(url.origin.host) or not path.startswith((_UPLOADS_PATH, _LOCAL_FILES_PATH)):
            return None
        place = self._below(path)
        return place if self._holds(place) else None

    def fetch(self, address: PageAddress, validator: Validator | None, deadline: Deadline) -> Fetched:
        """The file at an address that lies on Label Studio, or in cloud storage that Label Studio opens.

        Raises:
            PageError: the subclass says what is wrong.
        """
        if scheme_of(address.url) in CLOUD_SCHEMES:
            return self._opened(address, validator, deadline)
        place = self.place(address.url)
        if place is None:
            raise PageAddressError
        answer = self._get(place, validator, deadline)
        path = place.path.removeprefix(self._prefix)
        if path.startswith(_UPLOADS_PATH) and _is_missing(answer.status):
            return self._stored_upload(path, answer, validator, deadline)
        return self._checked(answer)

    def _stored_upload(self, path: str, first: Answer, validator: Validator | None, deadline: Deadline) -> Fetched:
        """An upload that lies in Label Studio's persistent cloud storage, which has an address of its own."""
        name = quote("upload/" + unquote(path.removeprefix(_UPLOADS_PATH)), safe="/")
        answer = self._get(self._below(f"/storage-data/uploaded/?filepath={name}"), validator, deadline)
        if answer.status in (HTTPStatus.OK, HTTPStatus.NOT_MODIFIED):
            return fetched(answer)
        if answer.status == HTTPStatus.FORBIDDEN or first.status == HTTPStatus.NOT_FOUND:
            raise PageNotFound("Label Studio has no such upload.", "Check that the file was not deleted.")
        if first.status == HTTPStatus.INTERNAL_SERVER_ERROR:
            # What Label Studio 1.23 answers for an upload that it does not know.
            raise PageNotFound(
                "Label Studio has no such upload, or failed to open it (HTTP 500).",
                "Check that the file was not deleted.",
            )
        return self._checked(first)

    def _opened(self, address: PageAddress, validator: Validator | None, deadline: Deadline) -> Fetched:
        """A file in cloud storage: Label Studio sends it, or redirects to a signed address."""
        if address.task_id is None:
            raise PageAddressError(
                "The page lies in cloud storage that only Label Studio can open, and the request names no task.",
                "Send the task's id along, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
            )
        uri = base64.urlsafe_b64encode(address.url.encode()).decode()
        answer = self._get(self._below(f"/tasks/{address.task_id}/presign/?fileuri={uri}"), validator, deadline)
        if answer.status == HTTPStatus.NOT_FOUND and self._holds(answer.url):
            raise PageNotFound(
                "Label Studio cannot open the page in its cloud storage (HTTP 404).",
                "Check that the project's source storage holds this bucket and file.",
            )
        return self._checked(answer)

    def _get(self, url: WebUrl, validator: Validator | None, deadline: Deadline) -> Answer:
        header = self._tokens.header(deadline)
        answer = self._web.get(url, validator, deadline, self._only_here(header))
        if header and self._refused(answer):
            renewed = self._tokens.header(deadline, refused=header)
            if renewed != header:
                answer = self._web.get(url, validator, deadline, self._only_here(renewed))
        return answer

    def _only_here(self, header: str | None) -> Callable[[WebUrl], str | None]:
        """The header for Label Studio's addresses, until a redirect has led away from them: then never again."""
        away = False

        def authorization(url: WebUrl) -> str | None:
            nonlocal away
            away = away or not self._holds(url)
            return None if away else header

        return authorization

    def _checked(self, answer: Answer) -> Fetched:
        if self._refused(answer):
            raise self._tokens.refusal()
        if answer.status == HTTPStatus.FORBIDDEN and self._holds(answer.url):
            raise PageUnauthorized(
                "Label Studio does not show the page to the owner of this server's token (HTTP 403).",
                "Use the token of someone who may open the project.",
            )
        return fetched(answer)

    def _refused(self, answer: Answer) -> bool:
        return answer.status == HTTPStatus.UNAUTHORIZED and self._holds(answer.url)

    def _below(self, path: str) -> WebUrl:
        return WebUrl(self._origin, f"{self._prefix}{path}")

    def _holds(self, url: WebUrl) -> bool:
        """Whether the url is Label Studio's own, so that its token may go there.

        Behind a path prefix, what lies beside it on the same host is someone else's. Dots are looked for after
        decoding, since some servers decode a path before they resolve it.
        """
        inside = url.path.startswith(f"{self._prefix}/") and ".." not in unquote(url.path).replace("\\", "/").split("/")
        return url.origin == self._origin and inside


def _is_missing(status: int) -> bool:
    return status == HTTPStatus.NOT_FOUND or status in _SERVER_ERRORS
