"""The status page and the endpoints for its script."""

from collections.abc import Callable

from flask import Blueprint, Flask, Response, abort, jsonify, render_template, request, send_file

from boxocr import __version__
from boxocr.answering import attempts
from boxocr.answering.services import Services
from boxocr.files import EXAMPLES
from boxocr.reading import scoring
from boxocr.reading.types import PAGE_SEGMENTATION_MODES
from boxocr.settings.environment import Settings
from boxocr.web.json_bodies import json_object
from boxocr.web.limits import PredictSlots
from boxocr.web.origins import require_same_origin
from boxocr.web.status import images, whole_page
from boxocr.web.status.accuracy import Accuracy
from boxocr.web.status.recent import RecentReading, RecentReadings
from boxocr.web.status.state import State

# About an hour of one annotator's work, in the memory of a decoded A4 page at 300 dpi.
_MOST_READINGS = 50

_SAMPLE = EXAMPLES / "pages" / "invoice.png"

# https://tesseract-ocr.github.io/tessdoc/ImproveQuality.html#page-segmentation-method
_MODES = {
    1: "page, with its orientation",
    3: "page",
    4: "one column of lines of several sizes",
    5: "one block of vertical text",
    6: "one block of lines",
    7: "one line",
    8: "one word",
    9: "one word in a circle",
    10: "one character",
    11: "scattered text",
    12: "scattered text, with its orientation",
    13: "one line, taken raw",
}

_ENGINES = ("auto", "tesseract", "pytesseract", "ppocr")

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class StatusPage:
    """The status page of a server, with its routes below ``/status``.

    Args:
        app: gets the routes. Its handlers, such as authentication, apply to them too.
        settings: of the server.
        services: its readers.
        probe: raises a BoxOCRError if boxes cannot be read.
        slots: of predictions; reading a whole page takes one.
    """

    def __init__(
        self, app: Flask, settings: Settings, services: Services, probe: Callable[[], None], slots: PredictSlots
    ) -> None:
        self._settings = settings
        self._services = services
        self._slots = slots
        self._recent = RecentReadings(_MOST_READINGS, 32_000_000)
        self._state = State(settings, services, probe)
        self._accuracy = Accuracy(settings)
        services.at_close(attempts.observe(self._recent.add))
        blueprint = Blueprint(
            "status", __name__, url_prefix="/status", static_folder="files", template_folder="templates"
        )
        blueprint.add_url_rule("/state", view_func=self._get_state, endpoint="state")
        blueprint.add_url_rule("/accuracy", view_func=self._get_accuracy, endpoint="accuracy")
        blueprint.add_url_rule("/readings", view_func=self._get_readings, endpoint="readings")
        blueprint.add_url_rule("/readings/<int:number>/drawn.png", view_func=self._get_drawn, endpoint="drawn")
        blueprint.add_url_rule("/readings/<int:number>/seen.png", view_func=self._get_seen, endpoint="seen")
        blueprint.add_url_rule("/page", view_func=self._read_page, endpoint="page", methods=["POST"])
        blueprint.add_url_rule("/sample.png", view_func=_get_sample, endpoint="sample")
        blueprint.before_request(require_same_origin)
        blueprint.after_request(_guarded)
        app.register_blueprint(blueprint)

    @staticmethod
    def is_wanted() -> bool:
        """Whether the caller is a browser, which accepts HTML. Label Studio does not."""
        return "text/html" in request.accept_mimetypes.values()

    def show(self) -> Response:
        """Render the page."""
        settings = self._settings
        own = settings.ocr_engine
        page = render_template(
            "status.html",
            version=__version__,
            languages=settings.ocr_lang,
            engines=[own, *(name for name in _ENGINES if name != own)],
            modes={mode: _MODES[mode] for mode in sorted(PAGE_SEGMENTATION_MODES)},
            # Base64 adds a third to the image, and the request has a few other fields.
            most_bytes=int(settings.max_request_mb * 1_000_000 * 0.74),
            most_kept=_MOST_READINGS,
            accepted=scoring.ACCEPTED,
            doubtful=scoring.DOUBTFUL,
        )
        return _guarded(Response(page, mimetype="text/html"))

    def _get_state(self) -> Response:
        return jsonify(self._state.as_json())

    def _get_accuracy(self) -> Response:
        return jsonify(self._accuracy.as_json())

    def _get_readings(self) -> Response:
        after = request.args.get("after", default=0, type=int)
        rows = [{**recent.as_json(), "pictures": _images(recent)} for recent in self._recent.after(after)]
        return jsonify({"readings": rows})

    def _read_page(self) -> Response:
        with self._slots.acquired():
            return jsonify(whole_page.read(json_object(request.get_data()), self._services))

    def _get_drawn(self, number: int) -> Response:
        return _png(images.drawn(self._found(number)))

    def _get_seen(self, number: int) -> Response:
        return _png(images.seen(self._found(number)))

    def _found(self, number: int) -> RecentReading:
        recent = self._recent.get(number)
        if recent is None:
            abort(404)
        return recent


def _images(recent: RecentReading) -> list[str]:
    if recent.crop is None:
        return []
    return ["drawn", "seen"] if images.is_prepared(recent) else ["drawn"]


def _png(data: bytes | None) -> Response:
    if data is None:
        abort(404)
    return Response(data, mimetype="image/png")


def _get_sample() -> Response:
    return send_file(_SAMPLE, max_age=0)


def _guarded(response: Response) -> Response:
    """Forbid foreign scripts, framing by other sites, and caching."""
    response.headers.update(_HEADERS)
    response.headers.setdefault("Cache-Control", "no-store")
    return response
