"""The state of the server: the checks of ``boxocr doctor`` that need no project."""

from collections.abc import Callable
from typing import Any

from boxocr.answering.services import Services
from boxocr.diagnosis import label_studio_server, learned, s3, token
from boxocr.diagnosis.report import Finding, Redaction, failure, passed
from boxocr.errors import BoxOCRError
from boxocr.settings.environment import Settings
from boxocr.web.status.background_value import BackgroundValue

_READY = "Reading"

# Ages at which results are refreshed. The test word takes a reader a few milliseconds; the other checks call servers.
_READY_SECONDS = 5.0
_ELSEWHERE_SECONDS = 60.0


class State:
    """The server's state for the page.

    Args:
        settings: of the server.
        services: its readers.
        probe: raises a BoxOCRError if boxes cannot be read.
    """

    def __init__(self, settings: Settings, services: Services, probe: Callable[[], None]) -> None:
        self._settings = settings
        self._services = services
        self._probe = probe
        self._redact = Redaction(settings)
        # The key is the name that the page shows until the first result.
        self._values = {
            _READY: BackgroundValue(self._ready, _READY_SECONDS),
            label_studio_server.CHECK: BackgroundValue(self._label_studio, _ELSEWHERE_SECONDS),
            s3.CHECK: BackgroundValue(lambda: list(s3.findings(settings, {}, ())), _ELSEWHERE_SECONDS),
            **self._of_projects(settings),
        }

    @staticmethod
    def _of_projects(settings: Settings) -> dict[str, BackgroundValue[list[Finding]]]:
        if settings.model_dir is None:
            return {}
        return {learned.CHECK: BackgroundValue(lambda: list(learned.findings(settings)), _ELSEWHERE_SECONDS)}

    def as_json(self) -> dict[str, Any]:
        """The state for the page's script, without waiting: checks without a result are pending."""
        rows: list[dict[str, Any]] = []
        for name, value in self._values.items():
            findings = value.last()
            if findings is None:
                rows.append({"check": name, "state": "pending", "message": "Looking …", "remedy": ""})
            else:
                rows.extend(map(self._row, findings))
        readers, decoders = self._services.readers, self._services.pages.decoders
        return {
            "findings": rows,
            "engine": readers.describe(),
            "languages": list(filter(None, readers.languages())),
            "readers": len(readers.processes()),
            "replaced": readers.replaced,
            "decoders": decoders.alive,
            "decoders_replaced": decoders.replaced,
        }

    def _row(self, finding: Finding) -> dict[str, Any]:
        state = {True: "ok", False: "failed", None: "skipped"}[finding.ok]
        message, remedy = self._redact(finding.message), self._redact(finding.remedy)
        return {"check": finding.check, "state": state, "message": message, "remedy": remedy}

    def _ready(self) -> list[Finding]:
        try:
            self._probe()
        except BoxOCRError as error:
            return [failure(_READY, error)]
        return [passed(_READY, f"Ready. A word was read in {self._settings.ocr_lang} just now.")]

    def _label_studio(self) -> list[Finding]:
        url = self._settings.label_studio_url
        if url is None:
            return list(label_studio_server.findings(self._settings, None))
        answer = label_studio_server.ask(url)
        reachable = isinstance(answer, label_studio_server.Answer)
        return [
            *label_studio_server.findings(self._settings, answer),
            token.judge(self._settings, reachable=reachable).finding,
        ]
