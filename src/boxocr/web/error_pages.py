"""Errors as JSON: ``{"error": {"code", "message", "remedy", "request_id"}}``."""

import logging
from http import HTTPStatus

from flask import Flask, Response, g, jsonify, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from boxocr.errors import BoxOCRError, Busy, RateLimited, RequestTooLarge, Unauthorized

logger = logging.getLogger("boxocr.web.app")


def add_error_handlers(app: Flask) -> None:
    """Answer every exception with JSON, and log those that BoxOCR did not raise on purpose."""

    @app.errorhandler(BoxOCRError)
    def known(error: BoxOCRError) -> Response:
        response = _error_response(error.status, error.code, error.message, error.remedy)
        if isinstance(error, Busy | RateLimited):
            response.headers["Retry-After"] = str(error.retry_after_seconds)
        if isinstance(error, Unauthorized):
            response.headers["WWW-Authenticate"] = 'Basic realm="BoxOCR", charset="UTF-8"'
        return response

    @app.errorhandler(RequestEntityTooLarge)
    def too_large(_: RequestEntityTooLarge) -> Response:
        return known(RequestTooLarge())

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:
        status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
        response = _error_response(
            status,
            HTTPStatus(status).phrase.lower().replace(" ", "_"),
            f"{request.method} {request.path[:80]} is not something that this server answers.",
            "Use the endpoints of an ML backend: /health, /setup, /predict, /webhook, /versions.",
        )
        for name, value in error.get_headers():
            if name.lower() == "allow":
                response.headers[name] = value
        return response

    @app.errorhandler(Exception)
    def unknown(error: Exception) -> Response:
        logger.error("Request %s failed", g.get("request_id"), exc_info=error)
        return known(BoxOCRError())


def _error_response(status: int, code: str, message: str, remedy: str) -> Response:
    error = {"code": code, "message": message, "remedy": remedy, "request_id": g.get("request_id", "")}
    response = jsonify({"error": error})
    # The reason phrase has the error too, since Label Studio logs the phrase but never the body.
    phrase = " ".join(f"{message} {remedy}".encode("ascii", "replace").decode().split())
    response.status = f"{status} {phrase}"
    g.error_code = code
    return response
