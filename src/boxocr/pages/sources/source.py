"""What the sources of pages have in common."""

from dataclasses import dataclass
from typing import Protocol

from boxocr.errors import PageTooLarge
from boxocr.pages.http.deadline import Deadline
from boxocr.pages.page import PageAddress

BYTES_PER_MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Validator:
    """What a source says about a file's state, to ask later whether it changed.

    Attributes:
        etag: HTTP's and S3's; for a file on disk, made of its times and size.
        modified: HTTP's Last-Modified, as it came.
    """

    etag: str = ""
    modified: str = ""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a source answers.

    Attributes:
        data: the file's bytes, or None when the validator that was asked with still holds.
        validator: None when the source gives none.
    """

    data: bytes | None
    validator: Validator | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What a fetch may cost.

    Attributes:
        seconds: for all of it, redirects and token exchange included.
        max_bytes: of the file, after content decoding.
    """

    seconds: float
    max_bytes: int

    def too_large(self) -> PageTooLarge:
        """The error for a file over the limit."""
        return PageTooLarge(
            f"The page's file is larger than {self.max_bytes / BYTES_PER_MB:g} MB.",
            "Store it smaller, or raise MAX_PAGE_MB.",
        )


class Source(Protocol):
    """One kind of place where pages lie."""

    def fetch(self, address: PageAddress, validator: Validator | None, deadline: Deadline) -> Fetched:
        """The file at the address, or word that it has not changed since the validator was given.

        Raises:
            PageError: the subclass says what is wrong.
        """
        ...
