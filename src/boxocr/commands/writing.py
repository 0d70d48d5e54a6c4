"""Files that commands write."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from boxocr.label_studio.errors import CommandFailed


def check_folders(files: Iterable[Path]) -> None:
    """Check that the folders of files exist, before the work starts.

    Raises:
        CommandFailed: a folder does not exist.
    """
    for path in files:
        if not path.parent.is_dir():
            raise CommandFailed(
                f"There is no folder {path.parent} to write {path.name} to.", "Make it, or name another."
            )


@contextmanager
def writing() -> Iterator[None]:
    """Raise a CommandFailed where the disk refuses."""
    try:
        yield
    except OSError as error:
        name = Path(str(error.filename or "A file")).name
        raise CommandFailed(f"{name} cannot be written: {error.strerror}.", "Check the folder and its disk.") from None
