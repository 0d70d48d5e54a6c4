"""The connections on which no thread is answering a request."""

from collections.abc import Iterator

from boxocr.web.connections import Connection

# A caller with up to this many connections keeps them all. A Label Studio with many annotators has about one connection
# for each box that is being read, so its connections are seldom idle.
_KEPT_PER_CALLER = 64


class OpenConnections:
    """Connections by caller, the oldest first. Not thread-safe: the loop that accepts connections owns them.

    Args:
        most: number of connections from which on callers with many connections lose some.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._callers: dict[str, dict[Connection, None]] = {}
        self._number = 0

    def __contains__(self, connection: Connection) -> bool:
        return connection in self._callers.get(connection.caller, ())

    def __iter__(self) -> Iterator[Connection]:
        return (connection for connections in self._callers.values() for connection in connections)

    @property
    def is_full(self) -> bool:
        """Whether the maximum number of connections is reached."""
        return self._number >= self._most

    def add(self, connection: Connection) -> None:
        """Add a connection."""
        self._callers.setdefault(connection.caller, {})[connection] = None
        self._number += 1

    def remove(self, connection: Connection) -> None:
        """Remove a connection."""
        connections = self._callers[connection.caller]
        del connections[connection]
        if not connections:
            del self._callers[connection.caller]
        self._number -= 1

    def past(self, now: float) -> list[Connection]:
        """Connections whose deadline is before a time, in seconds of the monotonic clock."""
        return [connection for connection in self if connection.deadline < now]

    def of_greediest(self) -> Connection | None:
        """The oldest connection of the caller with the most connections; None if no caller has many."""
        connections = max(self._callers.values(), key=len, default={})
        return next(iter(connections)) if len(connections) > _KEPT_PER_CALLER else None
