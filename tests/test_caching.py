"""Caches that compute each value once, and stay below their size."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from boxocr.caching import BoundedCache, SingleFlight, SingleFlightCache
from boxocr.errors import PageNotFound


def test_a_value_is_computed_once_for_all_threads_and_kept() -> None:
    cache: SingleFlightCache[int] = SingleFlightCache(10)
    computed: list[int] = []

    def compute() -> int:
        time.sleep(0.1)
        computed.append(1)
        return 7

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(lambda _: cache.get("key", compute), range(8))) == {7}
    assert cache.get("key", compute) == 7
    assert (len(computed), len(cache)) == (1, 1)


def test_different_keys_are_computed_at_the_same_time() -> None:
    cache: SingleFlightCache[int] = SingleFlightCache(10)
    together = threading.Barrier(4, timeout=5)
    with ThreadPoolExecutor(4) as threads:
        assert len(set(threads.map(lambda key: cache.get(key, together.wait), range(4)))) == 4


def test_a_failure_reaches_each_waiting_thread_as_an_error_of_its_own_and_is_not_kept() -> None:
    cache: SingleFlightCache[int] = SingleFlightCache(10)

    def fail() -> int:
        time.sleep(0.1)
        raise PageNotFound("There is no page.", "Draw one.")

    def failure(_: int) -> PageNotFound:
        with pytest.raises(PageNotFound) as caught:
            cache.get("key", fail)
        return caught.value

    with ThreadPoolExecutor(4) as threads:
        errors = list(threads.map(failure, range(4)))
    assert len({id(error) for error in errors}) == 4
    assert {error.sentence for error in errors} == {"There is no page. Draw one."}
    assert cache.get("key", lambda: 7) == 7


@pytest.mark.parametrize(("max_size", "kept"), [(0, 0), (1, 1), (3, 3), (9, 5)])
def test_a_cache_keeps_as_many_values_as_fit(max_size: int, kept: int) -> None:
    cache: SingleFlightCache[int] = SingleFlightCache(max_size)
    for key in range(5):
        assert cache.get(key, lambda key=key: key) == key  # type: ignore[misc]
    assert len(cache) == kept


def test_the_least_recently_used_value_is_removed_first() -> None:
    removed: list[str] = []
    cache: BoundedCache[str] = BoundedCache(6, len, removed.append)
    assert cache.put(1, "aa")
    assert cache.put(2, "bbb")
    assert cache.get(1) == "aa"
    assert cache.put(3, "cccc")
    assert not cache.put(4, "ddddddd")
    assert (removed, cache.size, len(cache)) == (["bbb"], 6, 2)
    cache.clear()
    assert sorted(removed) == ["aa", "bbb", "cccc"]


def test_a_shared_result_is_announced_with_the_number_of_additional_callers() -> None:
    shared: list[tuple[int, int]] = []
    flights: SingleFlight[int] = SingleFlight(on_shared=lambda value, callers: shared.append((value, callers)))

    def compute() -> int:
        time.sleep(0.2)
        return 7

    assert flights.run("alone", lambda: 1) == 1
    with ThreadPoolExecutor(5) as threads:
        assert list(threads.map(lambda _: flights.run("key", compute), range(5))) == [7] * 5
    assert shared == [(7, 4)]
