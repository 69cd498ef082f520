"""schemathesis asks everything that the OpenAPI document allows, and more; no answer is a 500 or undocumented."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import checks

from tests.service import Api, encoded, scene

pytestmark = pytest.mark.integration

CHECKS = (
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
)
EXAMPLES = 12  # an operation


@pytest.fixture(scope="module")
def operations(api: Api, alps: dict) -> list:
    schema = schemathesis.openapi.from_dict(api.http.get("/openapi.json").json())
    schema.app = api.http.app
    return [result.ok() for result in schema.get_all_operations()]


def test_no_operation_gives_a_500_or_an_undocumented_answer(api: Api, alps: dict, operations: list):
    assert len(operations) >= 20
    for operation in operations:
        _exercise(api, alps, operation)


def _exercise(api: Api, alps: dict, operation) -> None:
    """Half of the requests keep to the schema, half do not; ids are those of a real work now and then."""
    modes = st.sampled_from((schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE))
    strategies = modes.flatmap(lambda mode: operation.as_strategy(generation_mode=mode))

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategies, real=st.booleans(), picture=st.booleans())
    def ask(case, real: bool, picture: bool) -> None:
        if real and "work_id" in (case.path_parameters or {}):
            case.path_parameters["work_id"] = alps["id"]
        if operation.method.upper() == "DELETE" and real:
            return  # the shared work stays
        if picture and isinstance(case.body, dict) and "file" in case.body:
            case.body["file"] = encoded(scene(3, width=40, height=32))
        response = case.call(headers=api.auth())
        case.validate_response(response, checks=CHECKS)

    ask()
