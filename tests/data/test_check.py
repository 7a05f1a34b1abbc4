"""The report on a data set."""

from pathlib import Path

import pytest

from tests.data.pictures import labelled, plain, put
from tf_homo.data import check
from tf_homo.data.sets import Source
from tf_homo.errors import InputError


@pytest.fixture
def source(tmp_path):
    return Source("labelled_folder", data_path=str(labelled(tmp_path / "mine")), data_dir=str(tmp_path / "data"))


def test_report(source, tmp_path, capsys):
    folder = tmp_path / "mine"
    with open(folder / "labels.csv", "a") as file:
        file.write("e.png,1,40,test\nf.png,1,,train\n")
    put(folder, "e.png", plain(size=(12, 6)))
    put(folder, "f.png", plain())
    check.run(source, 8, None)
    assert (
        capsys.readouterr().out
        == f"""\
labelled_folder in {folder}

usable pictures
  train               4
  validation          0
  test                1

sizes
  8x8: 4
  12x6: 1
  not square, so that the middle is kept: 1; enlarged to 8: 1

attribute         train  validation        test
grin              50.0%           -      100.0%
age                27.5           -          40  mean, from 10 to 50

branches
  grin: grin
  age: age

left out: 1
  value missing: 1
    f.png (line 7): for age
"""
    )


# each: column a (c is 0 and 1 in turn), what the report says of it, its mean there
ALIKE = {
    "always 1": ("1111", "a is 1 on every training picture", "100.0%"),
    "always -1": (["-1"] * 4, "a is -1 on every training picture", "-1           -           -  mean, from -1 to 1"),
    "always 7": ("7777", "a is 7 on every training picture", "7           -           -  mean, from 7 to 7"),
}


@pytest.fixture
def constant(source, request):
    """The data set with such a column a."""
    rows = "".join(f"{n}.png,{a},0,{i % 2},train\n" for i, (n, a) in enumerate(zip("abcd", request.param, strict=True)))
    Path(source.data_path, "labels.csv").write_text("file,a,b,c,split\n" + rows)
    return source


@pytest.mark.parametrize(("constant", "remark", "mean"), ALIKE.values(), ids=ALIKE, indirect=["constant"])
def test_groups_and_what_is_constant(constant, remark, mean, capsys):
    check.run(constant, 8, ["one=a,c"])
    said = capsys.readouterr().out
    assert "  one: a, c\n  in no branch: b\n" in said and mean in said
    assert f"  {remark}" in said and "  b is 0 on every training picture" in said


@pytest.mark.parametrize(("constant", "remark", "mean"), ALIKE.values(), ids=ALIKE, indirect=["constant"])
def test_training_says_the_same_and_refuses_a_branch_without_anything_to_learn(constant, remark, mean, capsys):
    examples = constant.read("train", 8)
    capsys.readouterr()
    check.before_training(examples, {"one": ("a", "c")})
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith(remark) and said[1].startswith("b is 0 on")
    assert said[2:] == ["in no branch, so no morph moves them: b; --group makes branches"]
    with pytest.raises(InputError, match=f"branch two: {remark}.*; name the others in --attributes"):
        check.before_training(examples, {"two": ("a", "b"), "three": ("c",)})


def test_many_sizes(source, tmp_path, capsys):
    for number in range(9):
        put(tmp_path / "mine", f"{number}.png", plain(size=(10 + number, 10)))
    (tmp_path / "mine" / "labels.csv").write_text(
        "file,a,split\n" + "".join(f"{n}.png,{n % 2},train\n" for n in range(9))
    )
    check.run(source, 8, None)
    assert "  4 other sizes: 4\n" in capsys.readouterr().out


def test_nothing_usable_is_an_error_after_the_report(source, tmp_path, capsys):
    for path in (tmp_path / "mine").glob("*.png"):
        path.write_bytes(b"")
    with pytest.raises(InputError, match="no picture of the training split can be used"):
        check.run(source, 8, None)
    assert "the file is empty: 4" in capsys.readouterr().out


def test_drawn_faces(tmp_path, capsys):
    check.run(Source(counts=(6, 2, 2), data_dir=str(tmp_path), attributes=("Young", "Male")), 32, ["age=Young"])
    said = capsys.readouterr().out
    assert "  32x32: 10\n" in said and "left out: 0" in said
    assert "  age: Young\n  in no branch: Male\n" in said


def test_unknown_attributes_and_groups(source):
    with pytest.raises(InputError, match="--group=x=hat: no attribute is called 'hat'; there are grin, age"):
        check.run(source, 8, ["x=hat"])
