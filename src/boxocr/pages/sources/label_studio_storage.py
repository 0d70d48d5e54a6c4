"""Pages in cloud storage that this server has no keys for, opened by Label Studio."""

import base64
from http import HTTPStatus

from boxocr.errors import PageAddressError, PageNotFound
from boxocr.pages.sources.label_studio import LabelStudio
from boxocr.pages.sources.page_url import PageURL
from boxocr.pages.sources.source import Fetched, Validator
from boxocr.process.deadline import Deadline


class LabelStudioStorage:
    """The source for ``s3:``, ``gs:`` and ``azure-blob:`` URLs. Label Studio sends the file or a signed redirect.

    Args:
        label_studio: opens the storage.
    """

    def __init__(self, label_studio: LabelStudio) -> None:
        self._label_studio = label_studio

    def fetch(self, url: PageURL, validator: Validator | None, deadline: Deadline) -> Fetched:
        """The file at the URL, which Label Studio resolves with the storages of the task's project.

        Raises:
            PageError: the subclass gives the reason.
        """
        if url.task_id is None:
            raise PageAddressError(
                "The page is in cloud storage that only Label Studio can open, and the request has no task id.",
                "Send the task's id along, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
            )
        uri = base64.urlsafe_b64encode(url.text.encode()).decode()
        response = self._label_studio.get(f"/tasks/{url.task_id}/presign/?fileuri={uri}", validator, deadline)
        if response.status == HTTPStatus.NOT_FOUND and self._label_studio.contains(response.url):
            raise PageNotFound(
                "Label Studio cannot open the page in its cloud storage (HTTP 404).",
                "Check that the project's source storage includes this bucket and file.",
            )
        return self._label_studio.checked(response)
