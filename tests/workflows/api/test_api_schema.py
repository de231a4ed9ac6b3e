"""Requests that a program made up of the OpenAPI documents: none breaks the service."""

import pytest

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")
pytest.importorskip("fastapi", reason="the web service needs the extra `serve`")

from hypothesis import HealthCheck, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)
from service_samples import served_samples

pytestmark = [pytest.mark.integration, pytest.mark.slow]

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)
EXAMPLES = 6


@pytest.fixture(scope="module")
def api(mongo_home):
    with served_samples(mongo_home) as client:
        yield client


@pytest.mark.parametrize(
    ("document", "more"),
    [("/openapi.json", (negative_data_rejection,)), ("/optimade/openapi.json", ())],
)
def test_no_request_breaks_the_service_and_answers_are_as_described(api, document, more):
    schema = schemathesis.openapi.from_dict(api.get(document).json())
    base = f"{api.base_url}{document.removesuffix('/openapi.json')}".rstrip("/")
    operations = [each.ok() for each in schema.get_all_operations()]
    assert len(operations) >= 6
    for operation in operations:

        @seed(1)
        @settings(max_examples=EXAMPLES, database=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def answered(case):
            response = case.call(base_url=base)
            case.validate_response(response, checks=[*CHECKS, *more])

        answered()
