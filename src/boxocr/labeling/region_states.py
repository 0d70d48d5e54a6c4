"""The state of each region in a request's context, which decides whether the answer contains it.

Label Studio deletes a pending region that the answer omits, and overwrites an accepted region with the answer's
(``docs/label-studio.md``). So every answer must contain all pending regions, with any text typed into them, but an
accepted region only if something about it is new. No I/O.
"""

from collections.abc import Container, Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import Any

from boxocr.labeling.marks import has_been_filled, has_note, is_same_place, place_of
from boxocr.labeling.regions import Region
from boxocr.labeling.tasks import Task

# How old a draft of a session in progress may be: a browser tab with a pending region may stay open overnight.
_SESSION = timedelta(hours=24)


class State(Enum):
    """The state of a region."""

    UNREAD = auto()
    """It has no text yet, and is deleted unless the answer contains it."""

    FAILED = auto()
    """It was accepted with a note instead of a text. It stays, and is read again."""

    TYPED = auto()
    """It is pending, and the annotator has typed into it, or emptied it again. It is deleted unless the answer contains
    it."""

    MOVED = auto()
    """It was accepted with the text that was read, and has been moved since."""

    MOVED_AND_EDITED = auto()
    """It was accepted and moved, and its text was changed by hand."""

    LATE = auto()
    """It has no text yet, and the request has too many regions."""

    SETTLED = auto()
    """It needs nothing: it has its text, or the annotator emptied it, or it was drawn without this backend."""

    @property
    def is_read(self) -> bool:
        """Whether the region is to be read."""
        return self in (State.UNREAD, State.FAILED, State.MOVED)


class AskedBefore:
    """The regions of a task that Label Studio asked about in earlier requests.

    Args:
        regions: ids of the regions that had no text then; None when Label Studio never asked about the task.
        since: seconds since the epoch from which on requests were recorded.
    """

    def __init__(self, regions: Container[str] | None, since: float) -> None:
        self._regions = regions
        self.since = datetime.fromtimestamp(since, UTC)

    @property
    def knows_task(self) -> bool:
        """Whether Label Studio asked about any region of the task."""
        return self._regions is not None

    def includes(self, region_id: str) -> bool:
        """Whether Label Studio asked about the region while it had no text."""
        return self._regions is not None and region_id in self._regions


def states_of(
    regions: Sequence[Region], text_areas: Sequence[str | None], task: Task, asked: AskedBefore
) -> list[State]:
    """The state of each region of a request's context.

    Args:
        regions: of the context.
        text_areas: name of each region's TextArea.
        task: of the regions.
        asked: regions of the task in earlier requests.
    """
    found = list(map(_state, regions, text_areas))
    # A region whose text was typed before it was accepted looks like one that was drawn with a plain tool and filled.
    unclear = [region for region, state in zip(regions, found, strict=True) if state is State.TYPED]
    unread = State.UNREAD in found
    earlier = _drawn_before(task, asked.since) if unclear else frozenset()
    kept = {
        region.id
        for region in unclear
        if asked.includes(region.id)
        or region.id in earlier
        # Only a smart tool's region causes a request. If no other region can have caused this one, an unclear one did.
        or (not unread and not asked.knows_task)
    }
    return [
        State.SETTLED if state is State.TYPED and region.id not in kept else state
        for region, state in zip(regions, found, strict=True)
    ]


def at_most(states: Sequence[State], most: int) -> list[State]:
    """The states, with at most this many regions to read; further regions are LATE or SETTLED."""
    left = most
    found = []
    for state in states:
        if state.is_read:
            left -= 1
            if left < 0:
                state = State.LATE if state is State.UNREAD else State.SETTLED  # noqa: PLW2901 - the usual way to map
        found.append(state)
    return found


def _state(region: Region, text_area: str | None) -> State:
    filled = has_been_filled(region.results)
    if not region.has_text(text_area):
        if filled:
            return State.SETTLED
        if has_note(region.results):
            return State.FAILED
        return State.TYPED if region.is_emptied(text_area) else State.UNREAD
    suggestion = region.suggestion(text_area)
    place = suggestion.get("place") if suggestion else None
    if place is not None and not is_same_place(place, place_of(region.geometry["value"])):
        return State.MOVED if region.reading(text_area) else State.MOVED_AND_EDITED
    return State.TYPED if region.is_drawn and not filled and not has_note(region.results) else State.SETTLED


def _drawn_before(task: Task, since: datetime) -> frozenset[str]:
    """Ids of regions in drafts that were created before ``since`` and whose session may still be in progress."""
    drafts = task.get("drafts")
    found: set[str] = set()
    for draft in drafts if isinstance(drafts, list) else ():
        began, changed = _time(draft, "created_at"), _time(draft, "updated_at")
        if began and changed and began < since and datetime.now(UTC) - changed < _SESSION:
            results = draft.get("result")
            found |= (
                {str(one["id"]) for one in results if isinstance(one, dict) and "id" in one}
                if isinstance(results, list)
                else set()
            )
    return frozenset(found)


def _time(draft: Any, name: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(draft[name])
    except (KeyError, TypeError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
