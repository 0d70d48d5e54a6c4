"""The interface of a source of pages."""

from dataclasses import dataclass
from typing import Protocol

from boxocr.errors import PageTooLarge
from boxocr.pages.sources.page_url import PageURL
from boxocr.process.deadline import Deadline

BYTES_PER_MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Validator:
    """Identifies the state of a file, to ask later whether it has changed.

    Attributes:
        etag: as in HTTP and S3; for a file on disk, a combination of its times, size and inode.
        modified: HTTP's Last-Modified, verbatim.
    """

    etag: str = ""
    modified: str = ""


@dataclass(frozen=True, slots=True)
class Fetched:
    """The result of a fetch.

    Attributes:
        data: the file's bytes; None if the file still matches the validator that was sent.
        validator: None if the source has none.
    """

    data: bytes | None
    validator: Validator | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a single fetch.

    Attributes:
        seconds: in total, including redirects and the exchange of tokens.
        max_bytes: of the file, after content decoding.
    """

    seconds: float
    max_bytes: int

    def too_large(self) -> PageTooLarge:
        """The error for a file over the limit."""
        return PageTooLarge(
            f"The page's file is larger than {self.max_bytes / BYTES_PER_MB:g} MB.",
            "Reduce its size, or raise MAX_PAGE_MB.",
        )


class Source(Protocol):
    """Fetches pages from one kind of location."""

    def fetch(self, url: PageURL, validator: Validator | None, deadline: Deadline) -> Fetched:
        """The file at the URL, or no data if it still matches the validator.

        Args:
            url: one that routing has assigned to this source.
            validator: of an earlier fetch; None to fetch in any case.
            deadline: for the whole fetch.

        Raises:
            PageError: the subclass gives the reason.
            TimeoutError: the deadline has passed.
        """
        ...
