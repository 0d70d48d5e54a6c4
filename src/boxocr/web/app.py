"""The web application: routes, authentication, limits, and errors that say what to do."""

import logging
import re
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, g, jsonify, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from boxocr.answering import services as runtime
from boxocr.answering.config_warnings import warnings_of
from boxocr.answering.model_base import KeyValueStore, LabelStudioMLBase, OwnLabelStudioMLBase
from boxocr.credentials import WEBHOOK_HEADER, Keys
from boxocr.errors import BoxOCRError, Busy, LabelingConfigError, MalformedRequest, RequestTooLarge, Unauthorized
from boxocr.labeling.config import LabelingConfig
from boxocr.labeling.parsing import label_interface
from boxocr.observability import attempts
from boxocr.observability.request_log import RegionsOfRequests, request_line
from boxocr.process.memory_budget import MemoryBudget
from boxocr.settings.environment import Settings
from boxocr.web.gunicorn_worker import arrivals
from boxocr.web.json_bodies import AnswerJSON, json_object, project_id
from boxocr.web.metrics import CONTENT_TYPE, Metrics
from boxocr.web.openapi import description

if TYPE_CHECKING:
    from boxocr.web.status.page import StatusPage

logger = logging.getLogger("boxocr.web.app")

# Callers may name their requests, so that both logs speak of the same; anything else gets a name here.
_REQUEST_ID = re.compile(r"[\w.-]{1,64}")

# Asked so often that the log would tell of nothing else.
_OFTEN = ("/", "/health", "/ready", "/metrics")

# Bodies of requests under way, which take a few times that while they are read; small ones do not count.
_BODIES_BYTES = 300_000_000
_SMALL_BODY = 1_000_000

# What JSON takes once it is parsed: an object of one key, or a few characters of text, about this for each mark.
_MARKS = (b"{", b"[", b",", b":")
_BYTES_OF_A_MARK = 100

# Values of all large bodies under way. The densest that Label Studio sends, regions without end, take half of this.
_VALUES_BYTES = 1_000_000_000


def create_app(model_class: type[LabelStudioMLBase], settings: Settings) -> Flask:
    """Build the application around a model.

    Args:
        model_class: answers the requests; one object is made for each, as label-studio-ml does.
        settings: how this server runs. Its readers start now, so that the first box finds them warm.

    Raises:
        EngineNotUsable: there is no such engine, or a part of it is not installed.
        LanguageMissing: the engine does not have one of the languages.
    """
    app = Flask("boxocr")
    app.config["MAX_CONTENT_LENGTH"] = int(settings.max_request_mb * 1_000_000)
    app.json = AnswerJSON(app)
    services = runtime.start(settings)
    if services.refusal is not None:
        runtime.stop()
        raise services.refusal
    if issubclass(model_class, OwnLabelStudioMLBase):
        model_class.store = KeyValueStore(settings.model_dir)
    _ask_for_password(app, settings)
    _read_bodies(app)
    _answer_errors(app)
    metrics = Metrics(services)
    _log_requests(app, metrics, services)
    _add_metrics_route(app, metrics)
    _add_health_routes(app, model_class, settings, services)
    _add_label_studio_routes(app, model_class, settings)
    return app


def _add_health_routes(
    app: Flask, model_class: type[LabelStudioMLBase], settings: Settings, services: runtime.Services
) -> None:
    status = _status_page(app, settings, services) if settings.status_page else None

    @app.get("/")
    def home() -> Response:
        response = status.show() if status and status.is_wanted() else health()
        response.vary.add("Accept")
        return response

    @app.get("/health")
    def health() -> Response:
        return jsonify({"status": "UP", "model_class": model_class.__name__})

    @app.get("/openapi.json")
    def openapi() -> Response:
        return jsonify(description(password=settings.basic_auth_user is not None))

    @app.get("/ready")
    def ready() -> Response:
        services.probe()
        engine = services.readers.describe()
        return jsonify({"status": "READY", "engine": engine, "languages": settings.ocr_lang.split("+")})


def _status_page(app: Flask, settings: Settings, services: runtime.Services) -> "StatusPage":
    # It brings the operators' commands along, which a server without it does not need.
    from boxocr.web.status.page import StatusPage  # noqa: PLC0415

    return StatusPage(app, settings, services, services.probe)


def _add_metrics_route(app: Flask, metrics: Metrics) -> None:
    @app.get("/metrics")
    def tell() -> Response:
        return Response(metrics.text(), content_type=CONTENT_TYPE)


def _add_label_studio_routes(app: Flask, model_class: type[LabelStudioMLBase], settings: Settings) -> None:
    slots = threading.BoundedSemaphore(settings.predict_slots)

    @app.get("/versions")
    def versions() -> Response:
        return jsonify({"versions": [str(model_class().model_version)]})

    @app.post("/setup")
    def setup() -> Response:
        body = json_object(request.get_data())
        schema = body.get("schema")
        if not isinstance(schema, str) or not schema.strip():
            raise MalformedRequest("The request has no schema, the project's labeling config.")
        if not LabelingConfig.as_written(schema).has_transcription():
            raise LabelingConfigError
        model = _model(model_class, body.get("project"), schema)
        extra_params = body.get("extra_params")
        if isinstance(extra_params, str) and extra_params:
            model.set_extra_params(extra_params)
        warnings = warnings_of(schema)
        return jsonify({"model_version": str(model.model_version)} | ({"warnings": warnings} if warnings else {}))

    @app.post("/predict")
    def predict() -> Response:
        body = json_object(request.get_data())
        tasks, context = _asked(body)
        if len(tasks) > settings.max_tasks:
            raise RequestTooLarge(f"The request has more than {settings.max_tasks} tasks.", "Send them in parts.")
        with _slot(slots):
            model = _model(model_class, body.get("project"), body.get("label_config"))
            return jsonify({"results": model.predict(tasks, context=context)})

    @app.post("/webhook")
    def webhook() -> tuple[Response, int]:
        body = json_object(request.get_data())
        model = _model(model_class, _project_of_event(body), None)
        model.process_event(str(body.get("action", "")), body, job_id=g.request_id, additional_params={})
        return jsonify({"status": "OK"}), HTTPStatus.CREATED


def _model(model_class: type[LabelStudioMLBase], project: object, label_config: object) -> LabelStudioMLBase:
    identity = project_id(project)
    if label_config is None:
        return model_class(project_id=identity)
    if not isinstance(label_config, str):
        raise MalformedRequest("The request's labeling config is not text.")
    # Tried here: label-studio-ml's own base class lets the parser's exceptions through, and takes less.
    return model_class(project_id=identity, label_config=label_interface(label_config).config)


def _asked(body: dict[str, Any]) -> tuple[list[Any], dict[str, Any] | None]:
    """The tasks and the context of a /predict."""
    tasks = body.get("tasks")
    if not isinstance(tasks, list):
        raise MalformedRequest("The request has no list of tasks.")
    params = body.get("params")
    if not isinstance(params, dict | None):
        raise MalformedRequest("The request's params are not an object.")
    context = (params or {}).get("context")
    if not isinstance(context, dict | None):
        raise MalformedRequest("The request's context is not an object.")
    if context is not None:
        results = context.get("result")
        if not isinstance(results, list) or not all(isinstance(result, dict) for result in results):
            raise MalformedRequest("The request's context.result is not a list of results.")
    return tasks, context


def _project_of_event(body: dict[str, Any]) -> object:
    project = body.get("project")
    return project.get("id") if isinstance(project, dict) else project


@contextmanager
def _slot(slots: threading.BoundedSemaphore) -> Iterator[None]:
    """One of the places for requests under way. None left is said at once: waiting would only make it worse."""
    if not slots.acquire(blocking=False):
        raise Busy
    try:
        yield
    finally:
        slots.release()


def _ask_for_password(app: Flask, settings: Settings) -> None:
    if settings.basic_auth_user is None or settings.basic_auth_pass is None:
        return
    keys = Keys(settings.basic_auth_user, settings.basic_auth_pass)

    @app.before_request
    def check() -> None:
        if request.path == "/health" or keys.open(request.headers.get("Authorization", "")):
            return
        if (request.method, request.path) != ("POST", "/webhook"):
            raise Unauthorized
        if not keys.open_webhook(request.headers.get(WEBHOOK_HEADER, "")):
            raise Unauthorized(
                "This event comes without this ML backend's token, or with an old one.",
                "Run boxocr connect --project N, which gives the token to the project's webhook.",
            )


def _read_bodies(app: Flask) -> None:
    room, room_for_values = MemoryBudget(_BODIES_BYTES), MemoryBudget(_VALUES_BYTES)

    @app.before_request
    def read() -> None:
        g.lent = []
        # A body whose length is not told is as long as is allowed.
        length = request.content_length if request.content_length is not None else app.config["MAX_CONTENT_LENGTH"]
        if length > _SMALL_BODY and request.method == "POST":
            _borrow(room, length)
        try:
            body = request.get_data()
        except HTTPException:
            raise
        except Exception as error:
            # gunicorn's own, for chunks that are none.
            raise MalformedRequest("The request's body did not arrive as it was announced.") from error
        # In chunks, one that is too long ends at the limit without a word.
        if len(body) >= app.config["MAX_CONTENT_LENGTH"] and request.content_length is None:
            raise RequestTooLarge
        if "gunicorn.socket" in request.environ:
            arrivals.is_here(request.environ["gunicorn.socket"])
        if len(body) > _SMALL_BODY:
            _borrow(room_for_values, _bytes_of_values(body))

    @app.teardown_request
    def forget(_: BaseException | None) -> None:
        for lender, size in g.get("lent", ()):
            lender.release(size)


def _bytes_of_values(body: bytes) -> int:
    values = _BYTES_OF_A_MARK * sum(map(body.count, _MARKS))
    if values > _VALUES_BYTES:
        raise RequestTooLarge("The request holds too many values.", "Send fewer tasks at once.")
    return values


def _borrow(room: MemoryBudget, size: int) -> None:
    """Take so many bytes until the request is over. None left is said at once."""
    if not room.try_acquire(size):
        raise Busy
    g.lent.append((room, size))


def _answer_errors(app: Flask) -> None:
    @app.errorhandler(BoxOCRError)
    def known(error: BoxOCRError) -> Response:
        return _error_response(error.status, error.code, error.message, error.remedy, error)

    @app.errorhandler(RequestEntityTooLarge)
    def too_large(_: RequestEntityTooLarge) -> Response:
        return known(RequestTooLarge())

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:
        status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
        message = f"{request.method} {request.path[:80]} is not something that this server answers."
        remedy = "Use the endpoints of an ML backend: /health, /setup, /predict, /webhook, /versions."
        response = _error_response(status, HTTPStatus(status).phrase.lower().replace(" ", "_"), message, remedy, None)
        for name, value in error.get_headers():
            if name.lower() == "allow":
                response.headers[name] = value
        return response

    @app.errorhandler(Exception)
    def unknown(error: Exception) -> Response:
        logger.error("Request %s failed", g.get("request_id"), exc_info=error)
        return known(BoxOCRError())


def _error_response(status: int, code: str, message: str, remedy: str, error: BoxOCRError | None) -> Response:
    request_id = g.get("request_id", "")
    response = jsonify({"error": {"code": code, "message": message, "remedy": remedy, "request_id": request_id}})
    # Label Studio logs the reason phrase and never the body.
    phrase = " ".join(f"{message} {remedy}".encode("ascii", "replace").decode().split())
    response.status = f"{status} {phrase}"
    if isinstance(error, Busy):
        response.headers["Retry-After"] = str(error.retry_after_seconds)
    if isinstance(error, Unauthorized):
        response.headers["WWW-Authenticate"] = 'Basic realm="BoxOCR", charset="UTF-8"'
    g.error_code = code
    return response


def _log_requests(app: Flask, metrics: Metrics, services: runtime.Services) -> None:
    regions = RegionsOfRequests()
    services.at_close(attempts.observe(regions.add))

    @app.before_request
    def begin() -> None:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        g.request_id, g.began = request_id, time.perf_counter()
        attempts.request_id.set(request_id)

    # Ids first, whatever else is checked before a request.
    app.before_request_funcs[None].insert(0, app.before_request_funcs[None].pop())

    @app.after_request
    def end(response: Response) -> Response:
        # Looked up once: behind g and request a search goes on each time.
        request_id, method, path = g.request_id, request.method, request.path
        response.headers["X-Request-ID"] = request_id
        seconds = time.perf_counter() - g.began
        outcome = g.get("error_code", "ok")
        # Only paths that exist become names in the metrics: others could be invented without end.
        metrics.answered(rule.rule if (rule := request.url_rule) else "other", outcome, seconds)
        often = path in _OFTEN or path.startswith("/status/")
        quiet = often and response.status_code < HTTPStatus.BAD_REQUEST
        line, fields = request_line(
            f"{method} {path} {response.status_code} in {seconds * 1000:.0f} ms, request {request_id}"
            + (f": {outcome}" if outcome != "ok" else ""),
            {
                "request_id": request_id,
                "method": method,
                "path": path[:200],
                "status": response.status_code,
                "seconds": round(seconds, 4),
                "outcome": outcome,
            },
            regions.take(request_id),
        )
        logger.log(logging.DEBUG if quiet else logging.INFO, "%s", line, extra={"fields": fields})
        return response
