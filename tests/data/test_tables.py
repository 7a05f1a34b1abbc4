"""Numbers of a table; how whole files are read is tested with the folders they stand in."""

import math

import pytest

from tf_homo.data.tables import number


@pytest.mark.parametrize(
    ("text", "commas", "value"),
    [
        ("1", False, 1),
        ("-1", False, -1),
        ("+0.50", False, 0.5),
        ("1e-1", False, 0.1),
        ("True", False, 1),
        ("false", False, 0),
        ("Yes", True, 1),
        ("no", False, 0),
        ("0,5", True, 0.5),
        ("0,5", False, None),
        ("1,234.5", True, None),
        ("1_000", False, None),
        ("inf", False, None),
        ("-1e31", False, None),
        ("nan", False, None),
        ("", False, None),
        ("0x10", False, None),
    ],
)
def test_number(text, commas, value):
    found = number(text, commas)
    assert math.isnan(found) if value is None else found == value
