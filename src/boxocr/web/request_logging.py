"""An id, a line in the log and a count in the metrics for each request."""

import logging
import re
import time
import uuid
from http import HTTPStatus

from flask import Flask, Response, g, request

from boxocr.answering import attempts
from boxocr.answering.services import Services
from boxocr.web.metrics import Metrics
from boxocr.web.request_log import RegionsOfRequests, request_line

logger = logging.getLogger("boxocr.web.app")

# Callers may choose a request's id of this form, to find the request in both logs. Other ids are replaced.
_REQUEST_ID = re.compile(r"[\w.-]{1,64}")

# Polled by orchestrators, Prometheus and browsers; at INFO these would fill the log.
QUIET_PATHS = ("/", "/health", "/ready", "/metrics")


def log_requests(app: Flask, metrics: Metrics, services: Services) -> None:
    """Log and count all requests. Call it before the other handlers are registered, so that they see the id."""
    regions = RegionsOfRequests()
    services.at_close(attempts.observe(regions.add))

    @app.before_request
    def begin() -> None:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        g.request_id, g.began = request_id, time.perf_counter()
        attempts.request_id.set(request_id)

    @app.after_request
    def end(response: Response) -> Response:
        # Read once: each access to g and request goes through a proxy.
        request_id, method, path = g.request_id, request.method, request.path
        response.headers["X-Request-ID"] = request_id
        seconds = time.perf_counter() - g.began
        outcome = g.get("error_code", "ok")
        # Unknown paths share a label, since callers can invent any number of them.
        metrics.answered(rule.rule if (rule := request.url_rule) else "other", outcome, seconds)
        polled = path in QUIET_PATHS or path.startswith("/status/")
        quiet = polled and response.status_code < HTTPStatus.BAD_REQUEST
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
