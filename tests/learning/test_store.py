"""Learned state on disk: versions, and files that are broken or come from elsewhere."""

import json
import os
import pickle
import threading
from pathlib import Path

import numpy as np
import pytest

from boxocr.learning.history import History
from boxocr.learning.rules import AppliedRules, Rule
from boxocr.learning.store import LearnedState, LearnedStateUnusable, LearnedStore
from boxocr.reading.recognition.head import Head

HEAD = Head(("a", "\x00", "\u017f"), np.arange(16, dtype=np.float32).reshape(4, 4), np.ones(4, np.float32))
STATE = LearnedState(
    AppliedRules({"name": Rule(styles=("upper case",))}),
    {"name": HEAD, "date": HEAD},
    learned="2026",
    corrections=20,
    evidence=("x",),
)


@pytest.fixture
def store(tmp_path: Path) -> LearnedStore:
    return LearnedStore(tmp_path, 7)


def test_a_version_is_read_as_it_was_saved(store: LearnedStore) -> None:
    assert store.current() is None
    number = store.save(STATE)
    found = store.load(number)
    assert store.current() == number == 1
    assert (found.rules, found.learned, found.corrections, found.evidence) == (STATE.rules, "2026", 20, ("x",))
    assert found.heads["name"] is found.heads["date"]
    assert found.heads["name"].characters == HEAD.characters
    assert np.array_equal(found.heads["name"].weights, HEAD.weights)
    assert len(list(store.folder.rglob("head-*.npz"))) == 1


def test_only_the_owner_can_read_it(store: LearnedStore) -> None:
    store.save(STATE)
    for path in [store.folder, *store.folder.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path


def test_five_versions_are_kept_and_each_can_be_used(store: LearnedStore) -> None:
    for _ in range(7):
        store.save(STATE)
    assert store.versions() == [3, 4, 5, 6, 7]
    store.use(4)
    assert store.current() == 4
    store.off()
    assert store.current() is None
    assert store.versions() == [3, 4, 5, 6, 7]
    with pytest.raises(LearnedStateUnusable, match="There is no version 2"):
        store.use(2)
    assert store.save(STATE) == store.current() == 8


def test_forgetting_leaves_nothing(store: LearnedStore) -> None:
    store.save(STATE)
    store.forget()
    assert not store.folder.exists()
    assert store.current() is None
    store.forget()
    store.off()


def test_several_servers_save_at_once(store: LearnedStore) -> None:
    threads = [threading.Thread(target=store.save, args=(STATE,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.versions() == [1, 2, 3, 4]
    assert {path.name for path in store.folder.iterdir()} == {"1", "2", "3", "4", "current", ".lock"}


def test_a_full_disk_leaves_the_version_in_use(store: LearnedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.save(STATE)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        store.save(STATE)
    with pytest.raises(OSError, match="No space"):
        store.remember(History(corrections=32))
    assert store.history() == History()
    assert {path.name for path in store.folder.iterdir()} == {"1", "current", ".lock"}
    assert store.current() == 1
    assert store.versions() == [1]


class _Evil:
    def __reduce__(self) -> tuple[object, ...]:
        return (os.mkdir, ("/tmp/ran",))  # noqa: S108 - it must not be made


@pytest.mark.parametrize("name", ["state.json", "head-*.npz"])
@pytest.mark.parametrize(
    "content",
    [b"", b"\x00" * 100, b"{}", b'{"format": "boxocr learned 2"}', b"[]", b"PK\x03\x04", pickle.dumps(_Evil())],
    ids=["empty", "zeros", "object", "half", "list", "zip", "pickle"],
)
def test_a_broken_file_is_reported(store: LearnedStore, name: str, content: bytes) -> None:
    store.save(STATE)
    (path,) = (store.folder / "1").glob(name)
    path.write_bytes(content)
    with pytest.raises(LearnedStateUnusable, match="Learned version 1 of project 7 cannot be read"):
        store.load(1)
    assert not Path("/tmp/ran").exists()  # noqa: S108 - the same


def test_a_head_whose_sizes_do_not_fit_or_that_is_not_finite_is_refused(store: LearnedStore) -> None:
    for head in (
        Head(("a",), HEAD.weights, HEAD.bias),
        Head(HEAD.characters, HEAD.weights, np.full(4, np.nan, np.float32)),
        Head(HEAD.characters, HEAD.weights[0], HEAD.bias),
    ):
        number = store.save(LearnedState(heads={"": head}))
        with pytest.raises(LearnedStateUnusable):
            store.load(number)


def test_another_release_is_reported(store: LearnedStore) -> None:
    store.save(STATE)
    path = store.folder / "1" / "state.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": "boxocr learned 9"}))
    with pytest.raises(LearnedStateUnusable, match="is of another release"):
        store.load(1)


def test_a_history_is_read_as_it_was_written_and_a_broken_one_counts_as_none(store: LearnedStore) -> None:
    history = History(20, None, {3: "worse"}, ("conflict",)).with_event("x", ok=False).with_accuracy({"cer": None})
    store.remember(history)
    assert store.history() == history
    for content in ("", "[]", '{"corrections": "many"}'):
        (store.folder / "history.json").write_text(content)
        assert store.history() == History()


def test_trainings_come_at_16_32_64_and_so_on() -> None:
    assert [History(corrections).next_corrections for corrections in (0, 15, 16, 20, 32, 100)] == [
        16, 16, 32, 32, 64, 128,
    ]  # fmt: skip


def test_a_rollback_goes_to_the_newest_earlier_version_that_was_not_rolled_back(store: LearnedStore) -> None:
    for _ in range(3):
        store.save(STATE)
    store.remember(History(rolled_back={2: "worse"}))
    assert store.roll_back(3) == store.current() == 1
    assert store.roll_back(1) is store.current() is None
    assert not store.is_off()
    store.off()
    assert store.is_off()


def test_a_pointer_to_nothing_counts_as_none(store: LearnedStore) -> None:
    store.save(STATE)
    for content in ("9", "../1", "", "x" * 5000):
        (store.folder / "current").write_text(content)
        assert store.current() is None
