"""What is left out is counted and named."""

from tf_homo.data.left_out import LeftOut, printable


def test_counts_and_names():
    left_out = LeftOut()
    for number in range(100):
        left_out.add("truncated", f"{number}.png")
    left_out.add("hidden file", ".a.png")
    lines = left_out.lines()
    assert lines == ["truncated: 100", *(f"  {number}.png" for number in range(100)), "hidden file: 1", "  .a.png"]
    assert left_out.summary() == "100 truncated, 1 hidden file"


def test_nothing():
    assert LeftOut().lines() == [] and LeftOut().summary() == ""


def test_text_from_files_is_fit_for_a_terminal():
    assert printable("a\x1b[2J\n.png") == "a\\x1b[2J\\n.png"
    assert printable("caf\udce9.png").encode()
    assert printable("лицо 笑.png") == "лицо 笑.png"
    assert len(printable("x" * 10_000)) < 310


def test_a_file_can_be_found_by_what_is_told_of_it():
    left_out, path = LeftOut(), f"{'x' * 250}/{'y' * 250}/{'z' * 250}.jpg"
    left_out.add("empty", path)
    assert left_out.lines() == ["empty: 1", f"  {path}"]
    left_out.add("empty", "x" * 100_000)
    assert len(left_out.lines()[-1]) < 5_100
