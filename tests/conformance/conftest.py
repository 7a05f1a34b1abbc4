"""Every test here runs once for each case, and every system in available() has one.

Trained runs are shared: tracing is what takes time."""

import pytest
import tensorflow as tf

from tests.conformance.cases import CASES, System, shake, weights
from tf_homo import trainer


@pytest.fixture(scope="session", params=sorted(CASES))
def system(request):
    return System(request.param)


@pytest.fixture(scope="session")
def run(system, tmp_path_factory):
    """The Trainer of a finished run through every stage, on one device; `start` holds the weights it began with."""
    trained = system.trainer(tmp_path_factory.mktemp(system.name), optimizer=system.momentum)
    trained.start = weights(shake(trained.method))
    trained.fit()
    return trained


@pytest.fixture(scope="session")
def restored(run):
    return trainer.restore(run.run_dir)


@pytest.fixture(scope="session")
def shaken(run):
    """The same with noise on its weights, so that no part of it stands at its start."""
    return shake(trainer.restore(run.run_dir))


@pytest.fixture(scope="session")
def fresh(system):
    """A method that was never trained."""
    return system.method()


@pytest.fixture
def op_by_op():
    """Steps run without being compiled."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)
