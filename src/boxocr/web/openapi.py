"""The endpoints in OpenAPI's words, served at ``/openapi.json``.

Only what is checked is demanded here: Label Studio sends much more, and may send other things tomorrow.
"""

from typing import Any

from boxocr import __version__
from boxocr.credentials import WEBHOOK_HEADER

Schema = dict[str, Any]


def description(*, password: bool) -> Schema:
    """The description of this server.

    Args:
        password: whether it asks for a user name and a password.
    """
    found: Schema = {
        "openapi": "3.1.0",
        "info": {
            "title": "BoxOCR",
            "version": __version__,
            "description": "An ML backend for Label Studio that reads the text in boxes.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": {path: _with_errors(operations, path, password=password) for path, operations in _PATHS.items()},
        "components": {"schemas": _SCHEMAS},
    }
    if password:
        found["components"]["securitySchemes"] = {
            "basic": {"type": "http", "scheme": "basic"},
            "webhook": {"type": "apiKey", "in": "header", "name": WEBHOOK_HEADER},
        }
        found["security"] = [{"basic": []}]
    return found


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _json(schema: Schema, description: str) -> Schema:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _body(name: str) -> Schema:
    return {"required": True, "content": {"application/json": {"schema": _ref(name)}}}


def _error(description: str) -> Schema:
    return _json(_ref("Error"), description)


def _with_errors(operations: Schema, path: str, *, password: bool) -> Schema:
    """The errors that every endpoint of a kind can answer with."""
    found = {}
    for method, operation in operations.items():
        responses = dict(operation["responses"])
        if method == "post":
            responses |= {
                "400": _error("The body is not what Label Studio sends"),
                "413": _error("The body is too large"),
            }
        found[method] = operation | {"responses": responses}
        if password and path == "/health":
            found[method]["security"] = []
        elif password:
            responses["401"] = _error("User name or password are missing or wrong")
            if path == "/webhook":
                found[method]["security"] = [{"basic": []}, {"webhook": []}]
    return found


def _object(required: list[str], **properties: Schema) -> Schema:
    return {"type": "object", "required": required, "properties": properties}


_TEXT: Schema = {"type": "string"}

_PROJECT = {
    "description": "The project's id; Label Studio appends a dot and when it was created",
    "oneOf": [{"type": "string", "maxLength": 100}, {"type": "number"}, {"type": "null"}],
    "examples": ["12.1795378739"],
}

_RESULT: Schema = {
    "description": "A result of a region, as Label Studio has it",
    "type": "object",
    "properties": {"id": {}, "from_name": {}, "to_name": {}, "type": {}, "value": {}},
}

_SCHEMAS: Schema = {
    "Health": _object(["status", "model_class"], status={"const": "UP"}, model_class=_TEXT),
    "Ready": _object(
        ["status", "engine", "languages"],
        status={"const": "READY"},
        engine=_TEXT,
        languages={"type": "array", "items": _TEXT},
    ),
    "Versions": _object(["versions"], versions={"type": "array", "items": _TEXT}),
    "SetUp": _object(
        ["model_version"],
        model_version=_TEXT,
        warnings={
            "type": "array",
            "minItems": 1,
            "items": _TEXT,
            "description": "Attributes of the labeling config that have no effect, a sentence for each",
        },
    ),
    "Status": _object(["status"], status={"const": "OK"}),
    "SetupRequest": _object(
        ["schema"],
        schema={"type": "string", "minLength": 1, "description": "The project's labeling config, XML"},
        project=_PROJECT,
        extra_params={"description": "JSON as text; anything else is passed over"},
    ),
    "PredictRequest": _object(
        ["tasks"],
        tasks={"type": "array", "items": _ref("Task")},
        label_config={"type": ["string", "null"], "description": "XML; needed as soon as there are tasks"},
        project=_PROJECT,
        params={
            "oneOf": [
                {"type": "null"},
                _object([], context={"oneOf": [{"type": "null"}, _ref("Context")]}),
            ]
        },
    ),
    "Task": _object(
        ["data"],
        id={"description": "A positive number; anything else counts as none"},
        data={"type": "object", "description": "What the labeling config's $names stand for"},
    ),
    "Context": _object(["result"], result={"type": "array", "items": _RESULT}),
    "Predictions": _object(
        ["results"],
        results={
            "type": "array",
            "items": {"oneOf": [_ref("Prediction"), {"type": "array", "maxItems": 0}]},
        },
    ),
    "Prediction": _object(
        ["result", "model_version"],
        result={"type": "array", "items": _RESULT},
        model_version=_TEXT,
        score={"type": "number", "minimum": 0, "maximum": 1},
    ),
    "Event": _object([], action={"description": "Such as ANNOTATION_CREATED"}, project={}),
    "Error": _object(
        ["error"],
        error=_object(
            ["code", "message", "remedy", "request_id"], code=_TEXT, message=_TEXT, remedy=_TEXT, request_id=_TEXT
        ),
    ),
}

_HEALTH = {
    "summary": "Whether the process runs",
    "responses": {"200": _json(_ref("Health"), "It runs")},
}

_PATHS: Schema = {
    "/": {"get": _HEALTH | {"operationId": "root"}},
    "/health": {"get": _HEALTH | {"operationId": "health"}},
    "/ready": {
        "get": {
            "operationId": "ready",
            "summary": "Whether boxes can be read: a word is read, at most every ten seconds",
            "responses": {"200": _json(_ref("Ready"), "They can"), "503": _error("They cannot, and why")},
        }
    },
    "/versions": {
        "get": {
            "operationId": "versions",
            "summary": "The versions of the model that answer",
            "responses": {"200": _json(_ref("Versions"), "One")},
        }
    },
    "/setup": {
        "post": {
            "operationId": "setup",
            "summary": "A project is connected: whether its labeling config has a place for text",
            "requestBody": _body("SetupRequest"),
            "responses": {"200": _json(_ref("SetUp"), "It has")},
        }
    },
    "/predict": {
        "post": {
            "operationId": "predict",
            "summary": "With a context, read its regions that have no text; without one, read whole pages or get ready",
            "requestBody": _body("PredictRequest"),
            "responses": {
                "200": _json(_ref("Predictions"), "One for each task; what could not be read says why in its notes"),
                "503": _error("Too many requests are under way")
                | {"headers": {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds"}}},
            },
        }
    },
    "/webhook": {
        "post": {
            "operationId": "webhook",
            "summary": "Something happened in a project",
            "requestBody": _body("Event"),
            "responses": {"201": _json(_ref("Status"), "Taken")},
        }
    },
    "/metrics": {
        "get": {
            "operationId": "metrics",
            "summary": "Counts and times for Prometheus",
            "responses": {
                "200": {"description": "Prometheus's text format", "content": {"text/plain": {"schema": _TEXT}}}
            },
        }
    },
    "/openapi.json": {
        "get": {
            "operationId": "openapi",
            "summary": "This description",
            "responses": {"200": _json({"type": "object"}, "OpenAPI 3.1")},
        }
    },
}
