"""Pages that Label Studio holds or opens: uploads, its local files, and cloud storage that only it has keys for.

Which address is which was measured against Label Studio 1.23.
"""

import base64
from collections.abc import Callable, Sequence
from http import HTTPStatus
from urllib.parse import quote, unquote

from boxocr.errors import PageAddressError, PageError, PageForbidden, PageNotFound, PageUnauthorized
from boxocr.pages.http.deadline import Deadline
from boxocr.pages.http.names import LOCAL_FILES_PATH, UPLOADS_PATH, Name, Names
from boxocr.pages.http.tokens import Tokens
from boxocr.pages.http.urls import WebUrl, parse_web_url, scheme_of
from boxocr.pages.page import PageAddress
from boxocr.pages.sources.local_file_refusals import local_file_refusal
from boxocr.pages.sources.source import Fetched, Validator
from boxocr.pages.sources.web import Answer, Web, fetched

# How a project's export names uploads.
_BARE_UPLOAD = "upload/"

CLOUD_SCHEMES = ("s3", "gs", "azure-blob")

_SERVER_ERRORS = range(500, 600)

# For the page that tells Label Studio's own name.
_LOGIN_SECONDS = 3.0


class LabelStudio:
    """The source for everything on Label Studio's address.

    Args:
        base_url: its address, path prefix included.
        names: other addresses that tasks may have for it.
        tokens: for it.
        web: the way to it.
    """

    def __init__(self, base_url: str, names: Sequence[str], tokens: Tokens, web: Web) -> None:
        base = Name.of(base_url)
        self._origin = base.origin
        self._prefix = base.prefix
        self._names = Names(base, [Name.of(name) for name in names], self._login_page)
        self._tokens = tokens
        self._web = web

    def place(self, url: str) -> WebUrl | None:
        """Where an address of a task lies on Label Studio, None when it does not lie there.

        An address that begins with a slash, or with ``upload/``, does. One behind a path prefix may hold the prefix or
        leave it out.
        """
        if scheme_of(url):
            found = parse_web_url(url)
            return found if self._holds(found) else self._under_another_name(found)
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

    def _under_another_name(self, url: WebUrl) -> WebUrl | None:
        """Where to ask for a file whose address has another name for Label Studio; None when it has none of its names.

        Always on the address that the operator named first, wherever the other name came from.
        """
        rest = self._names.rest(url)
        place = self._below(rest) if rest is not None else None
        return place if place is not None and self._holds(place) else None

    def _login_page(self) -> bytes | None:
        # Asked without the token: it is shown to everyone, and to those who are logged in it is not shown.
        try:
            answer = self._web.get(self._below("/user/login/"), None, Deadline(_LOGIN_SECONDS))
        except (PageError, TimeoutError):
            return None
        return answer.body if answer.status == HTTPStatus.OK and self._holds(answer.url) else None

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
        if path.startswith(UPLOADS_PATH) and _is_missing(answer.status):
            return self._stored_upload(path, answer, validator, deadline)
        if path == LOCAL_FILES_PATH and self._holds(answer.url):
            refusal = local_file_refusal(answer.status, answer.said)
            if refusal is not None:
                raise refusal
        return self._checked(answer)

    def _stored_upload(self, path: str, first: Answer, validator: Validator | None, deadline: Deadline) -> Fetched:
        """An upload that lies in Label Studio's persistent cloud storage, which has an address of its own."""
        name = quote("upload/" + unquote(path.removeprefix(UPLOADS_PATH)), safe="/")
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
        answer = self._web.get(url, validator, deadline, self._only_here(header), explain=True)
        if header and self._refused(answer):
            renewed = self._tokens.header(deadline, refused=header)
            if renewed != header:
                answer = self._web.get(url, validator, deadline, self._only_here(renewed), explain=True)
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
