"""The bodies of requests and answers, for the OpenAPI description.

Requests are not validated with these models: Label Studio sends much more than is read, and a body can have megabytes.
Instead, :mod:`boxocr.web.json_bodies` checks the fields below, and a test compares its checks with these models.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

Result = Annotated[dict[str, Any], Field(description="A result of a region, in Label Studio's format")]

NoPrediction = Annotated[list[Any], Field(max_length=0)]

ProjectId = Annotated[
    Annotated[str, Field(max_length=100)] | float | None,
    Field(
        description="The project's id; Label Studio appends a dot and the time at which it was created",
        examples=["12.1795378739"],
    ),
]


class Health(BaseModel):
    """The process runs."""

    status: Literal["UP"]
    model_class: str


class Ready(BaseModel):
    """Boxes can be read."""

    status: Literal["READY"]
    engine: str
    languages: list[str]


class Versions(BaseModel):
    """Versions of the model."""

    versions: list[str]


class SetupRequest(BaseModel):
    """A project that is being connected."""

    label_config: Annotated[str, Field(alias="schema", min_length=1, description="The labeling config, XML")]
    project: ProjectId = None
    extra_params: Annotated[Any, Field(description="JSON as text; other types are ignored")] = None


class SetupAnswer(BaseModel):
    """The labeling config can be used."""

    model_version: str
    warnings: Annotated[
        list[str],
        Field(min_length=1, description="Attributes of the labeling config that have no effect, a sentence for each"),
    ] = Field(default_factory=list)


class Task(BaseModel):
    """A task, as far as it is read."""

    id: Annotated[Any, Field(description="A positive number; other values are ignored")] = None
    data: Annotated[dict[str, Any], Field(description="Values for the $names in the labeling config")]


class Context(BaseModel):
    """The regions of the task that the annotator has open."""

    result: list[Result]


class PredictParams(BaseModel):
    """Parameters of a prediction."""

    context: Context | None = None


class PredictRequest(BaseModel):
    """Tasks to predict."""

    tasks: list[Task]
    label_config: Annotated[str | None, Field(description="XML; required unless tasks is empty")] = None
    project: ProjectId = None
    params: PredictParams | None = None


class Prediction(BaseModel):
    """The prediction for a task."""

    result: list[Result]
    model_version: str
    score: Annotated[float, Field(ge=0, le=1)] = Field(default_factory=float)


class Predictions(BaseModel):
    """A prediction for each task, in the order of the request."""

    results: list[Prediction | NoPrediction]


class Event(BaseModel):
    """An event of a project."""

    action: Annotated[Any, Field(description="Such as ANNOTATION_CREATED")] = None
    project: Any = None


class TrainRequest(BaseModel):
    """A project to learn from; its annotations in the request are not read."""

    project: ProjectId = None


class EventAnswer(BaseModel):
    """The event was accepted."""

    status: Literal["OK"]


class ErrorDetail(BaseModel):
    """The reason of a failure, and what to do about it."""

    code: str
    message: str
    remedy: str
    request_id: str


class Error(BaseModel):
    """The answer to a request that failed."""

    error: ErrorDetail


class OpenAPI(BaseModel):
    """A description of endpoints."""

    openapi: str
    info: dict[str, Any]
    paths: dict[str, Any]
    components: dict[str, Any]
