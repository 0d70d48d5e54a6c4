"""What /openapi.json says, and that the server keeps to it."""

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from boxocr.web.routes import description
from tests.hardening.conftest import Front
from tests.hardening.test_requests import PREDICTS, WEBHOOKS
from tests.payloads import payload

Operation = tuple[str, str, schemathesis.GenerationMode]

# A GET without parameters cannot be asked wrongly.
OPERATIONS = [
    (path, method, mode)
    for path, operations in description(password=False)["paths"].items()
    for method in operations
    for mode in schemathesis.GenerationMode
    if method == "post" or mode is schemathesis.GenerationMode.POSITIVE
]

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.unsupported_method,
    checks.allow_header_conformance,
]


@pytest.fixture(scope="session")
def api(front: Front) -> schemathesis.BaseSchema:
    """The description as the server gives it."""
    return schemathesis.openapi.from_wsgi("/openapi.json", front.app)


@pytest.mark.parametrize("operation", OPERATIONS, ids=" ".join)
@settings(max_examples=60)
@given(data=st.data())
def test_every_endpoint_answers_as_it_is_described(
    front: Front, api: schemathesis.BaseSchema, operation: Operation, data: st.DataObject
) -> None:
    path, method, mode = operation
    front.trouble.records.clear()
    data.draw(api[path][method].as_strategy(generation_mode=mode)).call_and_validate(checks=CHECKS)
    assert not front.trouble.records


def test_the_description_is_valid_openapi(front: Front) -> None:
    jsonschema_rs.meta.validate(description(password=True)["components"]["schemas"])
    schemathesis.openapi.from_dict(description(password=True)).validate()
    assert {rule.rule for rule in front.app.url_map.iter_rules() if rule.endpoint != "static"} == {
        path for path, *_ in OPERATIONS
    }


@pytest.mark.parametrize("name", ["setup", *PREDICTS, *WEBHOOKS])
def test_what_label_studio_sends_is_described(name: str) -> None:
    schemas = description(password=False)["components"]["schemas"]
    kind = "SetupRequest" if name == "setup" else "Event" if name in WEBHOOKS else "PredictRequest"
    validator = jsonschema_rs.validator_for(
        {"$ref": f"#/components/schemas/{kind}", "components": {"schemas": schemas}}
    )

    validator.validate(payload(name, ""))
