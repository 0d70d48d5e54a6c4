"""Whether a server says that it can read follows the readers, some seconds later."""

from types import SimpleNamespace

import pytest

from boxocr.answering import services
from boxocr.errors import EngineUnavailable
from tests.hardening.conftest import Front


def test_readiness_is_found_out_again_after_ten_seconds(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1e6
    monkeypatch.setattr(services, "time", SimpleNamespace(monotonic=lambda: now))
    readers = services.current().readers

    def status() -> int:
        return front.client.get("/ready").status_code

    assert status() == 200
    with monkeypatch.context() as broken:

        def fail() -> None:
            raise EngineUnavailable

        broken.setattr(readers, "probe", fail)
        now += 9
        assert status() == 200
        now += 1.5
        assert status() == 503
    now += 9
    assert status() == 503
    now += 1.5
    assert status() == 200
