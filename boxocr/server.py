"""The web application: routes, authentication, limits, and errors that say what to do."""

import hmac
import logging
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, g, jsonify, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from boxocr import runtime
from boxocr.base import KeyValueStore, LabelStudioMLBase, OwnLabelStudioMLBase
from boxocr.errors import (
    BoxOCRError,
    Busy,
    EngineUnavailable,
    LabelingConfigError,
    MalformedRequest,
    RequestTooLarge,
    Unauthorized,
)
from boxocr.labeling import LabelingConfig, label_interface
from boxocr.settings import Settings

logger = logging.getLogger("boxocr.server")

# Callers may name their requests, so that both logs speak of the same; anything else gets a name here.
_REQUEST_ID = re.compile(r"[\w.-]{1,64}")

# How long an answer of the engine's probe is believed.
_PROBE_SECONDS = 10.0


def create_app(model_class: type[LabelStudioMLBase], settings: Settings) -> Flask:
    """Build the application around a model.

    Args:
        model_class: answers the requests; one object is made for each, as label-studio-ml does.
        settings: how this server runs. Its readers start now, so that the first box finds them warm.
    """
    app = Flask("boxocr")
    app.config["MAX_CONTENT_LENGTH"] = int(settings.max_request_mb * 1_000_000)
    # Answers hold the annotators' text: other scripts than Latin stay readable, and keys keep the order they came in.
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    services = runtime.start(settings)
    if issubclass(model_class, OwnLabelStudioMLBase):
        model_class.store = KeyValueStore(settings.model_dir)
    _ask_for_password(app, settings)
    _answer_errors(app)
    _log_requests(app)
    _add_health_routes(app, model_class, settings, services)
    _add_label_studio_routes(app, model_class, settings)
    return app


def _add_health_routes(
    app: Flask, model_class: type[LabelStudioMLBase], settings: Settings, services: runtime.Runtime
) -> None:
    probe = _remembered(services.probe, _PROBE_SECONDS)

    @app.get("/")
    @app.get("/health")
    def health() -> Response:
        return jsonify({"status": "UP", "model_class": model_class.__name__})

    @app.get("/ready")
    def ready() -> Response:
        probe()
        engine = services.readers.describe()
        return jsonify({"status": "READY", "engine": engine, "languages": settings.ocr_lang.split("+")})


def _add_label_studio_routes(app: Flask, model_class: type[LabelStudioMLBase], settings: Settings) -> None:
    slots = threading.BoundedSemaphore(settings.predict_slots)

    @app.get("/versions")
    def versions() -> Response:
        return jsonify({"versions": [str(model_class().model_version)]})

    @app.post("/setup")
    def setup() -> Response:
        body = _json_object()
        schema = body.get("schema")
        if not isinstance(schema, str) or not schema.strip():
            raise MalformedRequest("The request has no schema, the project's labeling config.")
        if not LabelingConfig.parse(schema, {}).has_transcription() and "<Repeater" not in schema:
            raise LabelingConfigError
        model = _model(model_class, body.get("project"), schema)
        extra_params = body.get("extra_params")
        if isinstance(extra_params, str) and extra_params:
            model.set_extra_params(extra_params)
        return jsonify({"model_version": str(model.model_version)})

    @app.post("/predict")
    def predict() -> Response:
        body = _json_object()
        tasks, params = body.get("tasks"), body.get("params") or {}
        if not isinstance(tasks, list) or not isinstance(params, dict):
            raise MalformedRequest("The request has no list of tasks.")
        context = params.get("context")
        if context is not None and not isinstance(context, dict):
            raise MalformedRequest("The request's context is not an object.")
        with _slot(slots):
            model = _model(model_class, body.get("project"), body.get("label_config"))
            return jsonify({"results": model.predict(tasks, context=context)})

    @app.post("/webhook")
    def webhook() -> tuple[Response, int]:
        body = _json_object()
        model = _model(model_class, _project_of_event(body), None)
        model.process_event(str(body.get("action", "")), body, job_id=g.request_id, additional_params={})
        return jsonify({"status": "OK"}), HTTPStatus.CREATED


def _model(model_class: type[LabelStudioMLBase], project: object, label_config: object) -> LabelStudioMLBase:
    # Label Studio sends "12.1795378739": the project and when it was created.
    project_id = str(project or "").partition(".")[0]
    if label_config is None:
        return model_class(project_id=project_id)
    if not isinstance(label_config, str):
        raise MalformedRequest("The request's labeling config is not text.")
    # Tried here: label-studio-ml's own base class lets the parser's exceptions through.
    label_interface(label_config)
    return model_class(project_id=project_id, label_config=label_config)


def _project_of_event(body: dict[str, Any]) -> object:
    project = body.get("project")
    return project.get("id") if isinstance(project, dict) else project


def _json_object() -> dict[str, Any]:
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        raise MalformedRequest("The request's body is not a JSON object.")
    return body


@contextmanager
def _slot(slots: threading.BoundedSemaphore) -> Iterator[None]:
    """One of the places for requests under way. None left is said at once: waiting would only make it worse."""
    if not slots.acquire(blocking=False):
        raise Busy
    try:
        yield
    finally:
        slots.release()


def _remembered(probe: Callable[[], None], seconds: float) -> Callable[[], None]:
    """A probe whose last answer is given again for a while: orchestrators ask often, and reading is work."""
    lock = threading.Lock()
    last: tuple[float, BoxOCRError | None] = (-seconds, None)

    def remembered() -> None:
        nonlocal last
        with lock:
            if time.monotonic() - last[0] >= seconds:
                try:
                    probe()
                    last = (time.monotonic(), None)
                except BoxOCRError as error:
                    last = (time.monotonic(), error)
            problem = last[1]
        if problem is not None:
            raise EngineUnavailable(problem.message, problem.remedy)

    return remembered


def _ask_for_password(app: Flask, settings: Settings) -> None:
    if settings.basic_auth_user is None or settings.basic_auth_pass is None:
        return
    user = settings.basic_auth_user.encode()
    password = settings.basic_auth_pass.get_secret_value().encode()

    @app.before_request
    def check() -> None:
        if request.path == "/health":
            return
        given = request.authorization
        named = given is not None and given.type == "basic"
        given_user = (given.username or "").encode() if named and given else b""
        given_password = (given.password or "").encode() if named and given else b""
        # Both are compared, in a time that does not tell which of them was wrong.
        if not hmac.compare_digest(given_user, user) & hmac.compare_digest(given_password, password):
            raise Unauthorized


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


def _log_requests(app: Flask) -> None:
    @app.before_request
    def begin() -> None:
        given = request.headers.get("X-Request-ID", "")
        g.request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        g.began = time.perf_counter()

    # Ids first, whatever else is checked before a request.
    app.before_request_funcs[None].insert(0, app.before_request_funcs[None].pop())

    @app.after_request
    def end(response: Response) -> Response:
        response.headers["X-Request-ID"] = g.request_id
        quiet = request.path in ("/", "/health", "/ready") and response.status_code < HTTPStatus.BAD_REQUEST
        logger.log(
            logging.DEBUG if quiet else logging.INFO,
            "%s %s %s in %.0f ms, request %s%s",
            request.method,
            request.path,
            response.status_code,
            (time.perf_counter() - g.began) * 1000,
            g.request_id,
            f": {g.error_code}" if "error_code" in g else "",
        )
        return response
