"""Tables of labels as users write them, and what is said of those that cannot be read."""

import os

import numpy as np
import pytest

from tests.data.pictures import labelled, put, table
from tf_homo.data.labelled_folder import listing
from tf_homo.errors import InputError


@pytest.fixture
def folder(tmp_path):
    return labelled(tmp_path / "mine")


# each: another way to write the same table, and a word of what is remarked, if anything
SAME = {
    "byte order mark": ("\ufeffFILE,grin,age,Split\n{}", ","),
    "CRLF": ("file,grin,age,split\r\n{}", ","),
    "semicolons": ("file;grin;age;split\n{}", ";"),
    "tabs": ("file\tgrin\tage\tsplit\n{}", "\t"),
    "quotes": ('"file","grin","age","split"\n{}', ","),
    "blank lines": ("\n\nfile,grin,age,split\n\n\n{}\n\n", ","),
    "old Macintosh": ("file,grin,age,split\r{}", ","),
}


@pytest.mark.parametrize("way", SAME)
def test_every_way_to_write_a_table(folder, way):
    text, delimiter = SAME[way]
    expected = listing(folder)
    rows = [("a.png", "1", "10", "training"), ("b.png", "0", "20", "train"), ("c.png", "1", "30", "TRAIN"),
            ("d.png", "0", "50", "train")]  # fmt: skip
    end = "\r\n" if "\r\n" in text else "\r" if "\r" in text else "\n"
    table(folder, text.format(end.join(delimiter.join(row) for row in rows)))
    found = listing(folder)
    assert found.names == expected.names and found.splits == expected.splits and found.attributes == ("grin", "age")
    np.testing.assert_array_equal(found.labels, expected.labels)
    assert not found.left_out.counts


def test_decimal_commas_only_where_commas_do_not_part_fields(folder):
    table(folder, "file;age\na.png;0,5\nb.png;1,5\nc.png;1\nd.png;2\n")
    assert listing(folder).scales["age"][0] >= 0.5 and not listing(folder).left_out.counts
    table(folder, 'file,age\na.png,"1,234"\nb.png,2\nc.png,3\nd.png,4\n')
    assert dict(listing(folder).left_out.counts) == {"bad value": 1}


# each: how the table is spoiled, what the one line says
REFUSED = {
    "no names": (lambda f: table(f, "a.png,1,0\nb.png,0,1\n"), "first line has no names of columns"),
    "numbers for names": (lambda f: table(f, "x,1,2\na.png,0,1\n"), "first line has no names of columns"),
    "one column": (lambda f: table(f, "file\na.png\n"), r"first line \(file\) is one field: part fields by commas"),
    "words alone": (
        lambda f: table(f, "file,mood\na.png,\nb.png,sad\n"),
        r"has no column of numbers .*; column 2 \(mood\) has no numbers, but sad in line 3",
    ),
    "another delimiter": (lambda f: table(f, "file|grin\na.png|1\n"), r"file\|grin\) is one field: part fields by"),
    "trailing commas": (
        lambda f: table(f, "file,grin\na.png,1,\nb.png,0,\n"),
        r"fields of its first line \(file,grin\): 2, of most others: 3; it has to name every column, and no more",
    ),
    "a comment first": (lambda f: table(f, "# mine\nfile,grin\na.png,1\n"), r"\(# mine\): 1, of most others: 2"),
    "delimiter first": (lambda f: table(f, "sep=;\nfile;grin;age\na.png;1;2\n"), r"\(sep=;\): 2, of most others: 3"),
    "no lines": (lambda f: table(f, "file,grin\n"), r"nothing below its first line \(file,grin\)"),
    "no name": (lambda f: table(f, "file,\na.png,1\n"), "column 2 has no name"),
    "empty table": (lambda f: table(f, ""), "labels.csv: is empty"),
    "nothing but commas": (lambda f: table(f, ",,\n,,\n"), r"its first line \(\) is one field"),
    "blank table": (lambda f: table(f, "\n \n"), "labels.csv: is empty"),
    "latin-1": (lambda f: table(f, "file,grin\na.png,1\ncafé.png,1\n", "latin-1"), "line 3 is not UTF-8"),
    "utf-16": (lambda f: table(f, "file,grin\na.png,1\n", "utf-16"), "line 1 is not UTF-8"),
    "NUL bytes": (lambda f: table(f, "file,grin\na.png,1\0\n"), "has NUL bytes"),
    "quote never closed": (lambda f: table(f, 'file,grin\n"a.png,1\nb.png,0\n'), "line . is no CSV"),
    "two columns of one name": (lambda f: table(f, "file,grin,grin\na.png,1,1\n"), "two attributes are called 'grin'"),
    "name of a branch": (lambda f: table(f, "file,rest\na.png,1\n"), "'rest' cannot be an attribute"),
    "name with =": (lambda f: table(f, "file,a=b\na.png,1\n"), "'a=b' cannot be an attribute"),
    "table is a folder": (lambda f: ((f / "labels.csv").unlink(), (f / "labels.csv").mkdir()), "is a folder"),
    "table is a pipe": (lambda f: ((f / "labels.csv").unlink(), os.mkfifo(f / "labels.csv")), "is no regular file"),
}


@pytest.mark.parametrize("spoil", REFUSED)
def test_tables_that_cannot_be_read_are_refused_by_name(folder, spoil):
    change, said = REFUSED[spoil]
    change(folder)
    with pytest.raises(InputError, match=said) as raised:
        listing(folder)
    assert "\n" not in str(raised.value)


def test_a_table_too_large_is_not_read(folder):
    with open(folder / "labels.csv", "r+b") as file:
        file.truncate(1 << 40)  # a hole: no disk is used
    with pytest.raises(InputError, match=r"labels\.csv: has 1048576 MiB, more than 64"):
        listing(folder)


def test_columns_of_words_are_no_attributes_and_said(folder):
    table(folder, "name,mood,Image,grin,\nA,glad,a.png,1,\nB,sad,b.png,0,\nC,,c.png,1,\nD,,d.png,0,\n")
    found = listing(folder)
    assert found.attributes == ("grin",) and len(found.names) == 4
    assert [remark.partition(";")[0] for remark in found.remarks] == [
        "column 1 (name) has no numbers, but A in line 2",
        "column 2 (mood) has no numbers, but glad in line 2",
        "column 5 has no name",
    ]


def test_chosen_attributes_excuse_the_others(folder):
    table(folder, (folder / "labels.csv").read_text() + "e.png,1,unknown,train\n")
    put(folder, "e.png")
    assert len(listing(folder).names) == 4
    found = listing(folder, chosen=("grin",))
    assert found.attributes == ("grin",) and len(found.names) == 5
    with pytest.raises(InputError, match=r"--attributes: .*labels\.csv has no column smile; it has grin, age"):
        listing(folder, chosen=("smile",))


def test_a_column_that_costs_rows_is_named(folder):
    table(folder, "file,grin,age,note\na.png,1,10,\nb.png,0,20,\nc.png,1,30,3\nd.png,0,50,n/a\n")
    found = listing(folder)
    assert found.names == ["c.png"] and dict(found.left_out.counts) == {"value missing": 3}
    assert found.remarks == ["column note has no number in 3 of 4 rows; leave it out with --attributes"]
    assert len(listing(folder, chosen=("grin", "age")).names) == 4
