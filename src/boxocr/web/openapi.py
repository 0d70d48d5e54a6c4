"""The OpenAPI description, generated from the endpoints, their docstrings and :mod:`boxocr.web.schemas`."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, TypeVar

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from boxocr import __version__
from boxocr.credentials import WEBHOOK_HEADER
from boxocr.web.schemas import Error

Schema = dict[str, Any]

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])

_REF = "#/components/schemas/{model}"


@dataclass(frozen=True, slots=True)
class Operation:
    """A method of an endpoint.

    Attributes:
        method: in capitals.
        path: as in the URL.
        answer: model of a successful answer's JSON; None for plain text.
        description: of the successful answer.
        status: of the successful answer.
        body: model of the request's JSON.
        errors: descriptions by status, besides those that apply to all endpoints.
        public: whether it can be called without a password.
        webhook: whether the webhook's token is accepted instead of the password.
    """

    method: str
    path: str
    answer: type[BaseModel] | None
    description: str
    status: int = HTTPStatus.OK
    body: type[BaseModel] | None = None
    errors: Mapping[int, str] = field(default_factory=dict)
    public: bool = False
    webhook: bool = False

    def __call__(self, function: Endpoint) -> Endpoint:
        """Mark a function as the endpoint; a function can have several operations."""
        operations(function).append(self)
        return function

    def described(self, function: Callable[..., Any], *, password: bool) -> Schema:
        """The operation in OpenAPI's format.

        Args:
            function: the endpoint; its docstring becomes the summary.
            password: whether the server requires a password.
        """
        found: Schema = {
            "operationId": self.path.strip("/").partition(".")[0] or "root",
            "summary": (function.__doc__ or "").partition("\n")[0],
            "responses": {str(self.status): _answer(self.description, self.answer), **self._errors(password=password)},
        }
        if self.body is not None:
            found["requestBody"] = {"required": True, "content": _json(self.body)}
        if password and self.public:
            found["security"] = []
        elif password and self.webhook:
            found["security"] = [{"basic": []}, {"webhook": []}]
        return found

    def _errors(self, *, password: bool) -> Schema:
        errors = dict(self.errors)
        if password and not self.public:
            errors[HTTPStatus.UNAUTHORIZED] = "User name and password are missing or wrong"
        if not self.public:
            errors[HTTPStatus.FORBIDDEN] = "The host in the request is not a name of this server"
        if self.body is not None:
            errors[HTTPStatus.BAD_REQUEST] = "The body is not valid"
            errors[HTTPStatus.REQUEST_ENTITY_TOO_LARGE] = "The body is too large"
            errors[HTTPStatus.UNSUPPORTED_MEDIA_TYPE] = "The body is not declared as JSON"
            errors[HTTPStatus.SERVICE_UNAVAILABLE] = "Too many requests are in progress"
            if not password:
                errors[HTTPStatus.TOO_MANY_REQUESTS] = "Too many requests come from this address"
        found = {str(int(status)): _answer(description, Error) for status, description in errors.items()}
        if self.body is not None:
            for status in found.keys() & {"429", "503"}:
                found[status]["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds"}}
        return found


def operations(function: Callable[..., Any]) -> list[Operation]:
    """The operations of an endpoint, to be read or added to."""
    found: list[Operation] = function.__dict__.setdefault("operations", [])
    return found


def describe(endpoints: Iterable[Callable[..., Any]], *, password: bool) -> Schema:
    """Describe a server.

    Args:
        endpoints: functions that are marked with :class:`Operation`.
        password: whether the server requires a user name and a password.
    """
    paths: defaultdict[str, Schema] = defaultdict(dict)
    models: set[type[BaseModel]] = {Error}
    for function in endpoints:
        for operation in operations(function):
            paths[operation.path][operation.method.lower()] = operation.described(function, password=password)
            models.update(model for model in (operation.body, operation.answer) if model is not None)
    by_name = sorted(models, key=lambda model: model.__name__)
    _, schemas = models_json_schema([(model, "validation") for model in by_name], ref_template=_REF)
    found: Schema = {
        "openapi": "3.1.0",
        "info": {
            "title": "BoxOCR",
            "version": __version__,
            "description": "An ML backend for Label Studio that reads the text in boxes.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": dict(paths),
        "components": {"schemas": schemas["$defs"]},
    }
    if password:
        found["components"]["securitySchemes"] = {
            "basic": {"type": "http", "scheme": "basic"},
            "webhook": {"type": "apiKey", "in": "header", "name": WEBHOOK_HEADER},
        }
        found["security"] = [{"basic": []}]
    return found


def _answer(description: str, model: type[BaseModel] | None) -> Schema:
    content = {"text/plain": {"schema": {"type": "string"}}} if model is None else _json(model)
    return {"description": description, "content": content}


def _json(model: type[BaseModel]) -> Schema:
    return {"application/json": {"schema": {"$ref": _REF.format(model=model.__name__)}}}
