"""Why Label Studio does not give a local file. Its answers were measured against Label Studio 1.23.2."""

from http import HTTPStatus

from boxocr.errors import PageAddressError, PageError, PageForbidden, PageNotFound

# The variable that its sentence names.
_OFF = "LOCAL_FILES_SERVING_ENABLED"

_CANNOT_OPEN = "Error opening file"

# Of the server error that an address with ".." ends in.
_OUTSIDE = "located outside of the base path"


def local_file_refusal(status: int, said: str) -> PageError | None:
    """The error that stands for an answer; None for an answer that says nothing of local files.

    Args:
        status: of the answer, which came from Label Studio itself to a request with a valid token.
        said: the beginning of its body.
    """
    if status == HTTPStatus.FORBIDDEN and _OFF in said:
        return PageForbidden(
            "Label Studio does not serve local files: LOCAL_FILES_SERVING_ENABLED is off there (HTTP 403).",
            "Start Label Studio with LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true and with the folder in "
            "LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT.",
        )
    if status == HTTPStatus.FORBIDDEN and not said:
        return PageAddressError(
            "The page's address names no local file (HTTP 403).", "Write it as /data/local-files/?d= and the path."
        )
    if status == HTTPStatus.NOT_FOUND and said.startswith(_CANNOT_OPEN):
        return PageNotFound(
            "Label Studio cannot open the page's local file (HTTP 404).",
            "Check that it is a file, and that the user whom Label Studio runs as may read it.",
        )
    if status == HTTPStatus.NOT_FOUND:
        # The same for all three reasons. Without a document root of its own Label Studio takes "/" for it.
        return PageNotFound(
            "Label Studio shows no such local file to the owner of this server's token (HTTP 404).",
            "Check that the file is below Label Studio's LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT, that its folder "
            "belongs to a local files storage, and that the token's owner may open that storage's project.",
        )
    if status == HTTPStatus.INTERNAL_SERVER_ERROR and _OUTSIDE in said:
        return PageForbidden(
            "The page's address leads out of Label Studio's folder of local files.", "Correct it in the task."
        )
    return None
