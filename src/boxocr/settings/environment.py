"""The settings. Only this module reads environment variables.

``example.env`` describes every variable. A ``.env`` file in the working directory is read too; the environment takes
precedence. Empty variables count as unset. All invalid values are reported at once.
"""

import os
import ssl
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from boxocr.settings import allowed_hosts, engine_names, env_file, languages, tessdata
from boxocr.settings.allowed_hosts import Allowed, AllowedHost

# Label Studio's timeout for /predict. An answer after that is of no use.
LABEL_STUDIO_PREDICT_LIMIT_SECONDS = 100

# Threads that are not available to /predict, so that /health, /setup and /webhook always find one.
RESERVED_THREADS = 8

EVERY_ADDRESS = "0.0.0.0"  # noqa: S104 - Label Studio usually calls from another container or machine # nosec B104

_ENV_FILE = Path(".env")


class SettingsError(Exception):
    """Variables or the ``.env`` file are invalid; the message has a line for each problem."""


def _names(*names: str) -> AliasChoices:
    return AliasChoices(*names)


def available_cores() -> int:
    """Number of cores that this process may use. In a container they can be fewer than the machine has."""
    # macOS has no affinity masks.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Settings(BaseSettings):
    """The settings of a server. Names of sizes end in their unit; times are in seconds.

    Raises:
        SettingsError: from :meth:`load`, for invalid values.
    """

    model_config = SettingsConfigDict(
        env_file=_ENV_FILE, env_file_encoding=env_file.UTF_8, env_ignore_empty=True, extra="ignore", frozen=True
    )

    # Server
    port: Annotated[int, Field(ge=1, le=65535)] = 9090
    threads: Annotated[int, Field(ge=RESERVED_THREADS + 1, le=1000)] = 40
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"
    log_format: Literal["text", "json"] = "text"
    basic_auth_user: str | None = None
    basic_auth_pass: SecretStr | None = None
    # Declared after the password, since the default depends on it: without a password, only this machine may call.
    host: str = Field(default_factory=lambda data: EVERY_ADDRESS if data.get("basic_auth_user") else "127.0.0.1")
    allowed_hosts: Annotated[tuple[AllowedHost, ...], NoDecode] = ()
    requests_per_second: Annotated[float, Field(ge=0)] = 200
    model_dir: Path | None = None
    learn: Literal["manual", "auto"] = "manual"
    max_request_mb: Annotated[float, Field(gt=0)] = 64
    max_tasks: Annotated[int, Field(ge=1)] = 10_000
    max_regions: Annotated[int, Field(ge=1)] = 1_000
    request_timeout: Annotated[float, Field(gt=0, le=LABEL_STUDIO_PREDICT_LIMIT_SECONDS)] = 30
    status_page: bool = False

    # Label Studio
    label_studio_urls: Annotated[
        tuple[str, ...], NoDecode, Field(validation_alias=_names("LABEL_STUDIO_URL", "LABEL_STUDIO_HOST"))
    ] = ()
    label_studio_token: Annotated[
        SecretStr | None, Field(validation_alias=_names("LABEL_STUDIO_ACCESS_TOKEN", "LABEL_STUDIO_API_KEY"))
    ] = None

    # S3
    aws_access_key_id: str | None = None
    aws_secret_access_key: SecretStr | None = None
    aws_session_token: SecretStr | None = None
    aws_endpoint: Annotated[
        str | None, Field(validation_alias=_names("AWS_ENDPOINT", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"))
    ] = None
    aws_region: Annotated[str, Field(validation_alias=_names("AWS_REGION", "AWS_DEFAULT_REGION"))] = "us-east-1"

    # TLS
    ssl_cert_file: Path | None = None
    aws_ca_bundle: Path | None = None

    # Pages
    allowed_image_hosts: Annotated[tuple[Allowed, ...], NoDecode] = ()
    allowed_buckets: Annotated[tuple[str, ...], NoDecode] = ()
    local_files_document_root: Path | None = None
    local_files_folders: Annotated[tuple[str, ...], NoDecode] = ()
    page_timeout: Annotated[float, Field(gt=0, le=LABEL_STUDIO_PREDICT_LIMIT_SECONDS)] = 30
    page_decode_timeout: Annotated[float, Field(gt=0, le=LABEL_STUDIO_PREDICT_LIMIT_SECONDS)] = 30
    page_fresh_seconds: Annotated[float, Field(ge=0)] = 60
    page_cache_mb: Annotated[float, Field(ge=0)] = 512
    pages_in_use_mb: Annotated[float, Field(gt=0)] = 500
    page_decoding_mb: Annotated[float, Field(gt=0)] = 500
    crops_mb: Annotated[float, Field(gt=0)] = 500
    max_page_mb: Annotated[float, Field(gt=0)] = 64
    max_page_megapixels: Annotated[float, Field(gt=0)] = 100
    max_document_mb: Annotated[float, Field(gt=0)] = 1000

    # Reading
    ocr_engine: str = "auto"
    # Declared before the languages, since they are validated against the data in this folder.
    tessdata_prefix: Path | None = None
    ppocr_models: Path | None = None
    ocr_lang: str = "eng"
    ocr_workers: Annotated[int, Field(ge=1, le=256)] = Field(default_factory=available_cores)
    ocr_timeout: Annotated[float, Field(gt=0, le=LABEL_STUDIO_PREDICT_LIMIT_SECONDS)] = 20
    ocr_queue: Annotated[int, Field(ge=1, le=1000)] = 32
    reading_cache: Annotated[int, Field(ge=0)] = 10_000
    page_readings_mb: Annotated[float, Field(ge=0)] = 64
    batch_seconds: Annotated[float, Field(gt=0, lt=LABEL_STUDIO_PREDICT_LIMIT_SECONDS)] = 80

    @field_validator("log_format", "learn", mode="before")
    @classmethod
    def _lower_case(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper_case(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("allowed_image_hosts", mode="before")
    @classmethod
    def _hosts_and_networks(cls, value: object) -> object:
        return allowed_hosts.parse(value) if isinstance(value, str) else value

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _host_names(cls, value: object) -> object:
        return allowed_hosts.parse_own_names(value) if isinstance(value, str) else value

    @field_validator("ocr_engine")
    @classmethod
    def _engine(cls, value: str) -> str:
        return engine_names.parse(value)

    @field_validator("ocr_lang")
    @classmethod
    def _languages(cls, value: str, info: ValidationInfo) -> str:
        return parse_languages(value, info.data.get("ocr_engine", ""), info.data.get("tessdata_prefix"))

    @field_validator("basic_auth_user", "basic_auth_pass")
    @classmethod
    def _sendable(cls, value: str | SecretStr | None) -> str | SecretStr | None:
        text = value.get_secret_value() if isinstance(value, SecretStr) else value or ""
        try:
            text.encode("latin-1")
        except UnicodeEncodeError:
            message = "must have no characters outside Latin-1, such as €: Label Studio cannot send them"
            raise ValueError(message) from None
        return value

    @field_validator("label_studio_urls", "allowed_buckets", "local_files_folders", mode="before")
    @classmethod
    def _several(cls, value: object) -> object:
        return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value

    @field_validator("label_studio_urls")
    @classmethod
    def _web_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        try:
            return tuple(dict.fromkeys(map(_web_address, value)))
        except ValueError as error:
            message = f"{error}, or several separated by commas"
            raise ValueError(message) from None

    @field_validator("allowed_buckets")
    @classmethod
    def _buckets(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(entry.removeprefix("s3://").strip("/") for entry in value)

    @field_validator("local_files_folders")
    @classmethod
    def _folders_below(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(entry.startswith("/") or ".." in entry.split("/") for entry in value):
            message = (
                "must be folders below LOCAL_FILES_DOCUMENT_ROOT, relative to it, separated by commas; . is all of it"
            )
            raise ValueError(message)
        return value

    @field_validator("aws_endpoint")
    @classmethod
    def _endpoint(cls, value: str | None) -> str | None:
        return None if value is None else _web_address(value)

    @field_validator("local_files_document_root", "tessdata_prefix", "ppocr_models")
    @classmethod
    def _existing_folder(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_dir():
            message = "must be an existing folder"
            raise ValueError(message)
        return value

    @field_validator("ssl_cert_file", "aws_ca_bundle")
    @classmethod
    def _certificates(cls, value: Path | None) -> Path | None:
        if value is not None:
            try:
                ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(value)
            except OSError:
                message = "must be a file with certificates of certificate authorities, in PEM"
                raise ValueError(message) from None
        return value

    @model_validator(mode="after")
    def _pairs(self) -> Self:
        if bool(self.basic_auth_user) != bool(self.basic_auth_pass):
            message = "BASIC_AUTH_USER and BASIC_AUTH_PASS must be set together, or neither"
            raise ValueError(message)
        if bool(self.aws_access_key_id) != bool(self.aws_secret_access_key):
            message = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must be set together, or neither"
            raise ValueError(message)
        if self.learn == "auto" and (missing := self.missing_for_learning()):
            message = f"LEARN=auto needs {', '.join(missing)}"
            raise ValueError(message)
        return self

    @property
    def is_open(self) -> bool:
        """Whether requests are answered without a password."""
        return self.basic_auth_user is None

    @property
    def address(self) -> str:
        """Address at which this server is reached from this machine, without a slash at the end."""
        host = {EVERY_ADDRESS: "localhost", "::": "localhost"}.get(self.host, self.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def label_studio_url(self) -> str | None:
        """Label Studio's address, path prefix included, without a trailing slash."""
        return self.label_studio_urls[0] if self.label_studio_urls else None

    @property
    def label_studio_names(self) -> tuple[str, ...]:
        """Other addresses of Label Studio that tasks may contain. Nothing is sent to them."""
        return self.label_studio_urls[1:]

    @property
    def predict_slots(self) -> int:
        """Maximum number of concurrent /predict requests, so that other requests always find a thread."""
        return min(self.ocr_queue, self.threads - RESERVED_THREADS)

    def missing_for_learning(self) -> list[str]:
        """The variables that must be set before a server can learn from a project's corrections."""
        needed = {
            "MODEL_DIR": self.model_dir,
            "LABEL_STUDIO_HOST": self.label_studio_url,
            "LABEL_STUDIO_ACCESS_TOKEN": self.label_studio_token,
        }
        return [name for name, value in needed.items() if value is None]

    def secrets(self) -> tuple[str, ...]:
        """Values of all settings that are declared as ``SecretStr`` and set, without surrounding space."""
        values = (getattr(self, name) for name in type(self).model_fields)
        return tuple(value.get_secret_value().strip() for value in values if isinstance(value, SecretStr))

    def export_certificates(self) -> None:
        """Put the files with certificate authorities into the environment, for OpenSSL and boto3."""
        for name, file in (("SSL_CERT_FILE", self.ssl_cert_file), ("AWS_CA_BUNDLE", self.aws_ca_bundle)):
            if file is not None:
                os.environ[name] = str(file)
            elif not os.environ.get(name):
                # An empty variable counts as unset here, but OpenSSL and boto3 take it for a file name.
                os.environ.pop(name, None)

    @classmethod
    def load(cls) -> Self:
        """Read the environment, and apply its certificate authorities to the whole process.

        Raises:
            SettingsError: lists every invalid variable and its valid values; or the ``.env`` file cannot be read.
        """
        try:
            # An argument of pydantic-settings that its type stubs for this class omit.
            settings = cls(_env_file_encoding=env_file.encoding(_ENV_FILE))  # type: ignore[call-arg]
        except env_file.EnvFileError as error:
            raise SettingsError(str(error)) from None
        except ValidationError as error:
            # HOST's default cannot be computed from invalid values. That is no problem of its own.
            problems = [problem for problem in error.errors() if problem["type"] != "default_factory_not_called"]
            raise SettingsError("\n".join(map(_complaint, problems))) from None
        settings.export_certificates()
        return settings


def parse_languages(written: str, engine: str, tessdata_prefix: Path | None) -> str:
    """Return codes joined by ``+``.

    Args:
        written: codes or names of languages, as in ``OCR_LANG``.
        engine: the engine that reads them; one of the operator's own has its own codes.
        tessdata_prefix: folder with language data that takes precedence.

    Raises:
        ValueError: as :func:`boxocr.settings.languages.parse`.
    """
    if engine_names.is_own(engine):
        return languages.as_written(written)
    prefix = str(tessdata_prefix) if tessdata_prefix else None
    return languages.parse(written, tessdata.languages(tessdata.folders(prefix)))


def _web_address(value: str) -> str:
    parts = urlsplit(value.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        message = "must be a web address such as http://localhost:8080"
        raise ValueError(message)
    return value.strip().rstrip("/")


def _complaint(problem: Any) -> str:
    """A line about an invalid variable, without its value, which can be a secret."""
    message = str(problem["msg"]).removeprefix("Value error, ")
    if not problem["loc"]:
        return message
    place = str(problem["loc"][0])
    # Pydantic reports the first alias of a field. The message names the alias that is set.
    synonyms = next((names for names in map(_variables, Settings.model_fields) if place in names), [place])
    return f"{next((name for name in synonyms if os.environ.get(name)), synonyms[0]).upper()}: {message}"


def _variables(field: str) -> list[str]:
    alias = Settings.model_fields[field].validation_alias
    return [str(name) for name in alias.choices] if isinstance(alias, AliasChoices) else [field]
