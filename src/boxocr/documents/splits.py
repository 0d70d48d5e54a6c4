"""The division of pages into sets for training, validation and testing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

SETS = ("train", "val", "test")

_ALL = 100


@dataclass(frozen=True, slots=True)
class Shares:
    """Percentages of the sets.

    Attributes:
        train, val, test: whole numbers; 100 in all.
    """

    train: int = _ALL
    val: int = 0
    test: int = 0

    @classmethod
    def parse(cls, text: str) -> "Shares":
        """The shares in a text such as "80,10,10"; val and test may be missing.

        Raises:
            ValueError: they are not whole numbers that add up to 100.
        """
        numbers = [int(part) for part in text.split(",")]
        if len(numbers) > len(SETS) or min(numbers) < 0 or sum(numbers) != _ALL:
            raise ValueError(text)
        return cls(*numbers)

    @property
    def is_divided(self) -> bool:
        """Whether pages go to sets. Otherwise all are for training, and have no folder of their own."""
        return self.train != _ALL

    def as_tuple(self) -> tuple[int, int, int]:
        """The shares in the order of :data:`SETS`."""
        return self.train, self.val, self.test


def divide(keys: Iterable[str], shares: Shares, seed: int) -> dict[str, str]:
    """The set of each key.

    The same keys, shares and seed give the same sets, in whatever order the keys come. Each set with a share gets a key
    if there are enough of them.

    Args:
        keys: of pages; equal keys are one.
        shares: of the sets.
        seed: of the division.
    """
    ordered = sorted(set(keys), key=lambda key: sha256(f"{seed}\n{key}".encode()).digest())
    counts = _counts(len(ordered), shares.as_tuple())
    names = [name for name, count in zip(SETS, counts, strict=True) for _ in range(count)]
    return dict(zip(ordered, names, strict=True))


def _counts(total: int, shares: Sequence[int]) -> list[int]:
    """How many of a total each share gets: the largest remainders are rounded up, and none gets 0 if possible."""
    counts = [total * share // _ALL for share in shares]
    by_remainder = sorted(range(len(shares)), key=lambda place: -(total * shares[place] % _ALL))
    for place in by_remainder[: total - sum(counts)]:
        counts[place] += 1
    for place, share in enumerate(shares):
        most = max(range(len(counts)), key=counts.__getitem__)
        if share and not counts[place] and counts[most] > 1:
            counts[most] -= 1
            counts[place] += 1
    return counts
