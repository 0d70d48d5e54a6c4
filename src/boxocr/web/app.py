"""The Flask application."""

from flask import Flask

from boxocr.answering import services as running_services
from boxocr.answering.model_base import LabelStudioMLBase
from boxocr.settings.environment import Settings
from boxocr.web.auth import require_password
from boxocr.web.error_pages import add_error_handlers
from boxocr.web.json_bodies import AnswerJSON
from boxocr.web.limits import limit_bodies
from boxocr.web.metrics import Metrics
from boxocr.web.origins import refuse_foreign_hosts, require_json
from boxocr.web.rate_limit import limit_rate
from boxocr.web.request_logging import log_requests
from boxocr.web.routes import Endpoints, add_routes


def create_app(model_class: type[LabelStudioMLBase], settings: Settings) -> Flask:
    """Build the application around a model, and start its readers.

    Args:
        model_class: answers the requests. As in label-studio-ml, each request gets an instance of its own.
        settings: of this server.

    Raises:
        EngineNotUsable: the engine does not exist, or a part of it is not installed.
        LanguageMissing: the engine does not have one of the languages.
    """
    app = Flask("boxocr")
    app.json = AnswerJSON(app)
    services = running_services.start(settings)
    if services.refusal is not None:
        running_services.stop()
        raise services.refusal
    metrics = Metrics(services)
    # The order matters: a refused request is logged with its id, and without a password no body is read.
    log_requests(app, metrics, services)
    refuse_foreign_hosts(app, settings)
    require_password(app, settings)
    limit_rate(app, settings)
    require_json(app)
    limit_bodies(app, settings)
    add_error_handlers(app)
    add_routes(app, Endpoints(app, model_class, settings, services, metrics))
    return app
