"""Label Studio's refusals to serve a local file, as observed in Label Studio 1.23.2."""

from http import HTTPStatus

from boxocr.errors import PageAddressError, PageError, PageForbidden, PageNotFound


def local_file_refusal(status: int, text: str) -> PageError | None:
    """The error for a response; None for a response that has nothing to do with local files.

    Args:
        status: of the response, which came from Label Studio itself to a request with a valid token.
        text: the beginning of its body.
    """
    if status == HTTPStatus.FORBIDDEN and "LOCAL_FILES_SERVING_ENABLED" in text:
        return PageForbidden(
            "Label Studio does not serve local files: LOCAL_FILES_SERVING_ENABLED is off there (HTTP 403).",
            "Start Label Studio with LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true and with the folder in "
            "LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT.",
        )
    if status == HTTPStatus.FORBIDDEN and not text:
        return PageAddressError(
            "The page's address does not contain the path of a local file (HTTP 403).",
            "Write it as /data/local-files/?d= and the path.",
        )
    if status == HTTPStatus.NOT_FOUND and text.startswith("Error opening file"):
        return PageNotFound(
            "Label Studio cannot open the page's local file (HTTP 404).",
            "Check that it is a file, and that the user that Label Studio runs as may read it.",
        )
    if status == HTTPStatus.NOT_FOUND:
        # Label Studio gives this answer for three reasons. Its document root is "/" unless it is set.
        return PageNotFound(
            "Label Studio shows no such local file to the owner of this server's token (HTTP 404).",
            "Check that the file is below Label Studio's LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT, that its folder "
            "belongs to a local files storage, and that the token's owner may open that storage's project.",
        )
    if status == HTTPStatus.INTERNAL_SERVER_ERROR and "located outside of the base path" in text:
        # A ".." in the path causes this exception.
        return PageForbidden(
            "The page's address points outside Label Studio's folder of local files.", "Correct it in the task."
        )
    return None
