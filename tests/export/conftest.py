"""One small system, exported once, and a server in front of it."""

from types import SimpleNamespace

import pytest

from export import saved_model
from tests.conformance.cases import System, shake


@pytest.fixture(scope="session")
def served(tmp_path_factory):
    """`method`, and the `folder` of its SavedModel."""
    method = shake(System("homo_denoised").method())
    return SimpleNamespace(method=method, folder=saved_model.export(method, tmp_path_factory.mktemp("served")))


@pytest.fixture(scope="session")
def server(served):
    """The ports of a stand-in for TensorFlow Serving: `grpc`, `rest`."""
    from tests.export.serving import stand_in_server

    ports, stop = stand_in_server.start(served.folder)
    yield SimpleNamespace(grpc=ports[0], rest=ports[1])
    stop()
