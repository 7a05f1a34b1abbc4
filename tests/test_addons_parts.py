"""What the tests in tests/addons compare is made here: that it can be made at all, they would tell late."""

import numpy as np
import pytest

from tests.addons import ours


@pytest.mark.parametrize("part", [ours.norms, ours.moves, ours.erased, ours.entropies, ours.warped])
def test_a_part_can_be_made(part):
    for name, arrays in part():
        assert all(np.isfinite(np.asarray(array, np.float64)).all() for array in arrays.values()), name
