"""Pages that Label Studio serves: uploads, and files of its local files storage.

The behaviour of its paths was observed in Label Studio 1.23.
"""

from collections.abc import Callable, Sequence
from http import HTTPStatus
from urllib.parse import quote, unquote

from boxocr.errors import PageAddressError, PageError, PageForbidden, PageNotFound, PageUnauthorized
from boxocr.pages.http.base_urls import LOCAL_FILES_PATH, UPLOADS_PATH, BaseURL, BaseURLs, serves_files
from boxocr.pages.http.tokens import Tokens
from boxocr.pages.http.urls import WebUrl, parse_web_url
from boxocr.pages.sources.local_file_refusals import local_file_refusal
from boxocr.pages.sources.page_url import PageURL
from boxocr.pages.sources.source import Fetched, Validator
from boxocr.pages.sources.web import Response, Web, fetched
from boxocr.process.deadline import Deadline


class LabelStudio:
    """The source for all URLs of Label Studio.

    Args:
        base_url: the URL that requests are sent to, path prefix included.
        other_urls: further base URLs that tasks may contain. Nothing is sent to them.
        tokens: authorize requests to ``base_url``.
        web: sends the requests.
    """

    def __init__(self, base_url: str, other_urls: Sequence[str], tokens: Tokens, web: Web) -> None:
        base = BaseURL.parse(base_url)
        self._origin = base.origin
        self._prefix = base.prefix
        self._base_urls = BaseURLs(base, [BaseURL.parse(url) for url in other_urls], self._login_page)
        self._tokens = tokens
        self._web = web

    def locate(self, url: PageURL) -> WebUrl | None:
        """The URL to request from Label Studio; None for a page that is not in Label Studio.

        Relative URLs that begin with a slash or with ``upload/``, as in a project's export, are in Label Studio. They
        may contain its path prefix or leave it out.

        Raises:
            PageForbidden: a relative URL points outside Label Studio's path prefix, or the path serves no files.
        """
        found = self._located(url)
        if found is not None and self.contains(found) and not (self._serves_files(found) or self._is_public(found)):
            raise PageForbidden(
                "The page's address is a path of Label Studio that does not serve files.",
                "Use an upload, a local file or a file in cloud storage.",
            )
        return found

    def _located(self, url: PageURL) -> WebUrl | None:
        if url.scheme:
            return url.web if url.web is None or self.contains(url.web) else self._other_name(url.web)
        path = f"/data/{url.text}" if url.text.startswith("upload/") else url.text
        if not path.startswith("/"):
            return None
        if self._prefix and not path.startswith(f"{self._prefix}/"):
            path = f"{self._prefix}{path}"
        # The origin is prepended before parsing, so a backslash or tab cannot become a host as it would in a browser.
        found = parse_web_url(f"{self._origin.scheme}://{self._origin}{path}")
        if not self.contains(found):
            raise PageForbidden("The page's address points outside Label Studio.", "Correct it in the task.")
        return found

    def _other_name(self, url: WebUrl) -> WebUrl | None:
        """The same file below the first base URL; None if the URL is below none of the other base URLs."""
        path = self._base_urls.relative(url)
        found = self._below(path) if path is not None else None
        return found if found is not None and self.contains(found) else None

    def _login_page(self) -> bytes | None:
        # Requested without the token, since Label Studio redirects users who are logged in. Limited to three seconds,
        # since finding LABEL_STUDIO_HOST on this page is not worth the whole deadline of the task's page.
        try:
            response = self._web.get(self._below("/user/login/"), None, Deadline(3.0))
        except (PageError, TimeoutError):
            return None
        return response.body if response.status == HTTPStatus.OK and self.contains(response.url) else None

    def fetch(self, url: PageURL, validator: Validator | None, deadline: Deadline) -> Fetched:
        """The file at a URL, whose ``web`` must come from :meth:`locate`.

        Raises:
            PageError: the subclass gives the reason.
        """
        if url.web is None:
            raise PageAddressError
        response = self._get(url.web, validator, deadline)
        path = url.web.path.removeprefix(self._prefix)
        if path.startswith(UPLOADS_PATH) and (response.status == HTTPStatus.NOT_FOUND or response.is_server_error):
            return self._stored_upload(path, response, validator, deadline)
        if path == LOCAL_FILES_PATH and self.contains(response.url):
            refusal = local_file_refusal(response.status, response.error_text)
            if refusal is not None:
                raise refusal
        return self.checked(response)

    def check_local_file(self, name: str, deadline: Deadline) -> None:
        """Ask whether Label Studio serves a local file to the owner of the token.

        Args:
            name: below the document root.
            deadline: for the answer.

        Raises:
            PageError: Label Studio does not serve it; the subclass gives the reason.
        """
        # ETag "*" matches any file, so Label Studio 1.23 answers that the file has not changed. 1.10 sends the file.
        response = self.get(f"{LOCAL_FILES_PATH}?d={quote(name, safe='/')}", Validator(etag="*"), deadline)
        if self.contains(response.url):
            refusal = local_file_refusal(response.status, response.error_text)
            if refusal is not None:
                raise refusal
        self.checked(response)

    def _stored_upload(self, path: str, first: Response, validator: Validator | None, deadline: Deadline) -> Fetched:
        """An upload in Label Studio's persistent cloud storage, for which Label Studio has another path."""
        name = quote("upload/" + unquote(path.removeprefix(UPLOADS_PATH)), safe="/")
        response = self.get(f"/storage-data/uploaded/?filepath={name}", validator, deadline)
        if response.status in (HTTPStatus.OK, HTTPStatus.NOT_MODIFIED):
            return fetched(response)
        if response.status == HTTPStatus.FORBIDDEN or first.status == HTTPStatus.NOT_FOUND:
            raise PageNotFound("Label Studio has no such upload.", "Check that the file was not deleted.")
        if first.status == HTTPStatus.INTERNAL_SERVER_ERROR:
            # Label Studio 1.23 answers 500 for an upload that does not exist.
            raise PageNotFound(
                "Label Studio has no such upload, or failed to open it (HTTP 500).",
                "Check that the file was not deleted.",
            )
        return self.checked(first)

    def get(self, path: str, validator: Validator | None, deadline: Deadline) -> Response:
        """Request a path with the token, which is renewed once if it is refused.

        Args:
            path: below the base URL, beginning with a slash; may contain a query.
            validator: for a conditional request.
            deadline: for the whole exchange.

        Raises:
            PageError: there is no response; the subclass says why.
        """
        return self._get(self._below(path), validator, deadline)

    def _get(self, url: WebUrl, validator: Validator | None, deadline: Deadline) -> Response:
        header = self._tokens.header(deadline)
        response = self._web.get(url, validator, deadline, self._only_here(header), explain=True)
        if header and self._is_unauthorized(response):
            renewed = self._tokens.header(deadline, refused=header)
            if renewed != header:
                response = self._web.get(url, validator, deadline, self._only_here(renewed), explain=True)
        return response

    def _only_here(self, header: str | None) -> Callable[[WebUrl], str | None]:
        """A function that returns the header for URLs of files, but never again after a redirect to another server."""
        away = False

        def authorization(url: WebUrl) -> str | None:
            nonlocal away
            away = away or not self.contains(url)
            return header if not away and self._serves_files(url) else None

        return authorization

    def checked(self, response: Response) -> Fetched:
        """The file in a response to :meth:`get`.

        Raises:
            PageError: the response is an error; the subclass says which.
        """
        if self._is_unauthorized(response):
            raise self._tokens.refusal()
        if response.status == HTTPStatus.FORBIDDEN and self.contains(response.url):
            raise PageUnauthorized(
                "Label Studio does not show the page to the owner of this server's token (HTTP 403).",
                "Use the token of a user who may open the project.",
            )
        return fetched(response)

    def _is_unauthorized(self, response: Response) -> bool:
        sent_token = self.contains(response.url) and self._serves_files(response.url)
        return response.status == HTTPStatus.UNAUTHORIZED and sent_token

    def _below(self, path: str) -> WebUrl:
        return WebUrl(self._origin, f"{self._prefix}{path}")

    def contains(self, url: WebUrl) -> bool:
        """Whether the URL is below the base URL.

        Other paths of the same host may belong to other services. The path is decoded before it is checked for dot
        segments, since some servers decode a path before they resolve it.
        """
        inside = url.path.startswith(f"{self._prefix}/") and ".." not in unquote(url.path).replace("\\", "/").split("/")
        return url.origin == self._origin and inside

    def _serves_files(self, url: WebUrl) -> bool:
        """Whether Label Studio serves files at this path, so that the token may be sent to it.

        A GET request to another path could export a project, or log the token's owner out.
        """
        return serves_files(url.path.removeprefix(self._prefix))

    def _is_public(self, url: WebUrl) -> bool:
        """Whether the path is one of Label Studio's own files, which need no token."""
        return url.path.removeprefix(self._prefix).startswith("/static/")
