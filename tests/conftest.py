"""What all tests share: two small devices, few threads, a seed, and the real images where they are."""

import gc
import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# One thread a worker, and the same for the programs that tests start: the suite shares two cores between its workers.
for _name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("MPLBACKEND", "agg")


def pytest_configure(config: pytest.Config) -> None:
    """Splits the CPU in two for the tests on replicas, which only works before TensorFlow's first operation."""
    if config.getoption("numprocesses", None) and not hasattr(config, "workerinput"):
        return  # the process that hands out tests to workers runs none itself
    import tensorflow as tf

    half = tf.config.LogicalDeviceConfiguration()
    tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], [half, half])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log):
    """One worker does in a row the tests of a file; in conformance/, those of a system, which share its trained run."""
    from xdist.scheduler import LoadScopeScheduling

    class ByWhatIsShared(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            test, _, parameters = nodeid.partition("[")
            shared = parameters.rstrip("]").split("-")[0] if test.startswith("tests/conformance/") else ""
            return shared or test.split("::")[0]

    return ByWhatIsShared(config, log)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    """Every test draws the same numbers, alone or among others."""
    import keras

    keras.utils.set_random_seed(0)


@pytest.fixture(scope="module", autouse=True)
def _forgotten():
    """TensorFlow keeps every SavedModel that was loaded, 0.2 GB each, lest somebody asks for gradients through it."""
    yield
    from tensorflow.python.framework import ops

    kept = ops.gradient_registry._registry
    loaded = [name for name, each in kept.items() if "_gen_gradient_func" in getattr(each["type"], "__qualname__", "")]
    for name in loaded:
        del kept[name]
    if loaded:
        gc.collect()


@pytest.fixture(scope="session")
def two_devices() -> list[str]:
    """The names of two logical CPU devices, for tf.distribute.MirroredStrategy."""
    return ["CPU:0", "CPU:1"]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real images (celeba/, facades/, photos/), which the project may read but not hand on."""
    folder = Path(os.environ.get("TF_HOMO_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"needs real images, and there is no {folder} (TF_HOMO_TEST_DATA names another folder)")
    return folder
