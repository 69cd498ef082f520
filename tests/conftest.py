"""Unit tests touch no network: sockets are off unless a test is marked `integration`."""

import os

import pytest
from hypothesis import HealthCheck, settings
from pytest_socket import disable_socket, enable_socket, socket_allow_hosts

from tests.cli import keys_file, stock, stocked_once, surroundings  # noqa: F401  (fixtures)
from tests.postgres import postgres_server, postgres_url  # noqa: F401  (fixtures)
from tests.service import alps, api, api_with  # noqa: F401  (fixtures)

# Machines are shared and slow at times: an example may take long, and that is no failure.
# The gate draws the same examples every time, so that a change is judged by what it changed; everybody else explores.
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("gate", settings.get_profile("shared"), derandomize=True)
settings.load_profile("gate" if os.environ.get("PROVENANCE_TEST_REQUIRE_ALL") else "shared")


@pytest.fixture(autouse=True)
def _network(request: pytest.FixtureRequest):
    if request.node.get_closest_marker("integration"):
        socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)
    else:
        disable_socket(allow_unix_socket=True)
    yield
    enable_socket()
