"""The endpoints, except those of the status page."""

from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, g, jsonify, request

from boxocr.answering.config_warnings import warnings_of
from boxocr.answering.model_base import LabelStudioMLBase
from boxocr.answering.services import Services
from boxocr.errors import LabelingConfigError, MalformedRequest, RequestTooLarge
from boxocr.labeling.config import LabelingConfig
from boxocr.labeling.parsing import label_interface
from boxocr.settings.environment import Settings
from boxocr.web import schemas
from boxocr.web.json_bodies import json_object, parse_predict_request, project_id
from boxocr.web.limits import PredictSlots
from boxocr.web.metrics import CONTENT_TYPE, Metrics
from boxocr.web.openapi import Operation, Schema, describe, operations

if TYPE_CHECKING:
    from boxocr.web.status.page import StatusPage


class Endpoints:
    """The endpoints of a server; each is marked with its :class:`~boxocr.web.openapi.Operation`.

    Args:
        app: gets the status page too, if that is on.
        model_class: answers the requests.
        settings: of the server.
        services: its readers.
        metrics: for ``/metrics``.
    """

    def __init__(
        self,
        app: Flask,
        model_class: type[LabelStudioMLBase],
        settings: Settings,
        services: Services,
        metrics: Metrics,
    ) -> None:
        self._model_class = model_class
        self._settings = settings
        self._services = services
        self._metrics = metrics
        self._slots = PredictSlots(settings.predict_slots)
        self._status = _status_page(app, settings, services, self._slots) if settings.status_page else None

    @Operation("GET", "/", schemas.Health, "It does")
    def home(self) -> Response:
        """Whether the process runs. With the status page on, browsers get that page instead."""
        response = self._status.show() if self._status and self._status.is_wanted() else self.health()
        response.vary.add("Accept")
        return response

    @Operation("GET", "/health", schemas.Health, "It does", public=True)
    def health(self) -> Response:
        """Whether the process runs."""
        return jsonify({"status": "UP", "model_class": self._model_class.__name__})

    @Operation("GET", "/ready", schemas.Ready, "They can", errors={HTTPStatus.SERVICE_UNAVAILABLE: "They cannot"})
    def ready(self) -> Response:
        """Whether boxes can be read: a test word is read, at most every ten seconds."""
        self._services.probe()
        engine = self._services.readers.describe()
        return jsonify({"status": "READY", "engine": engine, "languages": self._settings.ocr_lang.split("+")})

    @Operation("GET", "/versions", schemas.Versions, "One version")
    def versions(self) -> Response:
        """The versions of the model."""
        return jsonify({"versions": [str(self._model_class().model_version)]})

    @Operation("POST", "/setup", schemas.SetupAnswer, "The config has a field for text", body=schemas.SetupRequest)
    def setup(self) -> Response:
        """Check a project's labeling config; Label Studio calls this when it connects the project."""
        body = json_object(request.get_data())
        schema = body.get("schema")
        if not isinstance(schema, str) or not schema.strip():
            raise MalformedRequest("The request has no schema, the project's labeling config.")
        if not LabelingConfig.as_written(schema).has_transcription():
            raise LabelingConfigError
        model = self._model(body.get("project"), schema)
        extra_params = body.get("extra_params")
        if isinstance(extra_params, str) and extra_params:
            model.set_extra_params(extra_params)
        warnings = warnings_of(schema)
        return jsonify({"model_version": str(model.model_version)} | ({"warnings": warnings} if warnings else {}))

    @Operation(
        "POST",
        "/predict",
        schemas.Predictions,
        "One for each task; regions that could not be read have the reason in their notes",
        body=schemas.PredictRequest,
    )
    def predict(self) -> Response:
        """With a context, read its regions without text. Without one, read or prepare whole pages."""
        body = json_object(request.get_data())
        tasks, context = parse_predict_request(body)
        most = self._settings.max_tasks
        if len(tasks) > most:
            raise RequestTooLarge(f"The request has more than {most} tasks.", "Send them in parts.")
        with self._slots.acquired():
            model = self._model(body.get("project"), body.get("label_config"))
            return jsonify({"results": model.predict(tasks, context=context)})

    @Operation(
        "POST",
        "/webhook",
        schemas.EventAnswer,
        "Accepted",
        status=HTTPStatus.CREATED,
        body=schemas.Event,
        errors={HTTPStatus.CONFLICT: "A training is asked for, and a setting that learning needs is missing"},
        webhook=True,
    )
    def webhook(self) -> tuple[Response, int]:
        """Take an event of a project."""
        body = json_object(request.get_data())
        project = body.get("project")
        model = self._model(project.get("id") if isinstance(project, dict) else project, None)
        model.process_event(str(body.get("action", "")), body, job_id=g.request_id, additional_params={})
        return jsonify({"status": "OK"}), HTTPStatus.CREATED

    @Operation(
        "POST",
        "/train",
        schemas.EventAnswer,
        "The training has been started, or waits for another one",
        status=HTTPStatus.CREATED,
        body=schemas.TrainRequest,
        errors={HTTPStatus.CONFLICT: "A setting that learning needs is missing"},
    )
    def train(self) -> tuple[Response, int]:
        """Learn from a project's corrections in the background, as older releases of Label Studio ask for it."""
        body = json_object(request.get_data())
        model = self._model(body.get("project"), None)
        model.process_event("START_TRAINING", body, job_id=g.request_id, additional_params={})
        return jsonify({"status": "OK"}), HTTPStatus.CREATED

    @Operation("GET", "/metrics", None, "Prometheus's text format")
    def metrics(self) -> Response:
        """Counts and times for Prometheus."""
        return Response(self._metrics.text(), content_type=CONTENT_TYPE)

    @Operation("GET", "/openapi.json", schemas.OpenAPI, "OpenAPI 3.1")
    def openapi(self) -> Response:
        """This description."""
        return jsonify(description(password=self._settings.basic_auth_user is not None))

    def _model(self, project: object, label_config: object) -> LabelStudioMLBase:
        identity = project_id(project)
        if label_config is None:
            return self._model_class(project_id=identity)
        if not isinstance(label_config, str):
            raise MalformedRequest("The request's labeling config is not text.")
        # Parsed and normalized here first, since label-studio-ml's base class accepts less, and raises the parser's own
        # exceptions.
        return self._model_class(project_id=identity, label_config=label_interface(label_config).config)


def add_routes(app: Flask, endpoints: Endpoints) -> None:
    """Register all endpoints."""
    for function in _endpoints():
        for operation in operations(function):
            app.add_url_rule(
                operation.path,
                endpoint=function.__name__,
                view_func=getattr(endpoints, function.__name__),
                methods=[operation.method],
            )


def description(*, password: bool) -> Schema:
    """The OpenAPI description of a server.

    Args:
        password: whether the server requires a user name and a password.
    """
    return describe(_endpoints(), password=password)


def _endpoints() -> list[Callable[..., Any]]:
    return [function for function in vars(Endpoints).values() if callable(function) and operations(function)]


def _status_page(app: Flask, settings: Settings, services: Services, slots: PredictSlots) -> "StatusPage":
    # Imported here, so that only servers with the status page load the doctor's checks, which it shows.
    from boxocr.web.status.page import StatusPage  # noqa: PLC0415 - see above

    return StatusPage(app, settings, services, services.probe, slots)
