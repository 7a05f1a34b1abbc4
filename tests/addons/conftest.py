"""Results of ours from files, and how far theirs are from them."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

FOLDER = Path(__file__).resolve().parents[2] / "build" / "addons"
LARGEST = {}


@pytest.fixture
def ours():
    """The arrays that tests/addons/ours.py wrote for a part, by name."""
    return lambda name: dict(np.load(FOLDER / f"{name}.npz"))


@pytest.fixture
def signatures():
    """The signatures of a SavedModel that it wrote, by the name of the system."""
    return lambda name: tf.saved_model.load(str(FOLDER / name / "1")).signatures


@pytest.fixture
def agree(request):
    """Asserts that two arrays are equal up to a tolerance; unless `absolute`, a share of the largest number above 1.

    The summary tells the largest difference of each test.
    """

    def agree(theirs, ours, tolerance=1e-5, absolute=False):
        theirs, ours = np.asarray(theirs, np.float64), np.asarray(ours, np.float64)
        assert theirs.shape == ours.shape
        assert ours.size == 1 or np.ptp(ours) > 0
        difference = np.abs(theirs - ours).max() / (1.0 if absolute else max(1.0, np.abs(ours).max()))
        LARGEST[request.node.name] = max(difference, LARGEST.get(request.node.name, 0.0))
        assert difference <= tolerance

    return agree


def pytest_terminal_summary(terminalreporter):
    terminalreporter.section("largest differences")
    for name, difference in LARGEST.items():
        terminalreporter.write_line(f"{difference:8.1e}  {name}")
