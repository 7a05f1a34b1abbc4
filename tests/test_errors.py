"""How programs end: exit status, and one line on standard error for whatever the user can mend."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tf_homo import errors

ROOT = Path(__file__).parents[1]
PROGRAM = """
from absl import flags, logging
from tf_homo import errors
SIZE = flags.DEFINE_integer("size", 1, "Size.", lower_bound=1)
def main(argv):
    logging.info("a step")
    if SIZE.value == 7:
        raise errors.InputError("--size=7: is taken;\\ngive another")
    print(1 // (SIZE.value - 9))
errors.run(main)
"""


def run(*args):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", PROGRAM, *args]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--sise=3"], "error: --sise: there is no such flag; did you mean --size? --help lists them"),
        (["--qqqqq"], "error: --qqqqq: there is no such flag; --help lists them"),
        (["--size=big"], "--size=big"),
        (["--size=0"], "--size=0"),
        (["--flagfile=missing.cfg"], "missing.cfg"),
        (["size"], "error: unexpected argument 'size'"),
        (["--size=7"], "error: --size=7: is taken; give another"),
    ],
)
def test_fault_of_the_input_is_one_line_and_status_2(args, said):
    ended = run(*args)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert said in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_done_is_0_and_a_fault_of_the_program_is_1_with_its_traceback():
    ended = run("--size=8")
    assert ended.returncode == 0 and ended.stderr == ""
    assert "a step" in run("--size=8", "--verbosity=0").stderr
    ended = run("--size=9")
    assert ended.returncode == 1
    assert "ZeroDivisionError" in ended.stderr


def test_help_is_no_error():
    ended = run("--help")
    assert ended.returncode == 0
    assert "--size" in ended.stdout


def test_what_reports_need_is_named_with_what_brings_it():
    errors.require_for_reports("colours.png", "json", "csv")
    with pytest.raises(errors.InputError) as refused:
        errors.require_for_reports("colours.png", "json", "no_such_module", otherwise=", or give --noreport")
    assert str(refused.value) == (
        "colours.png needs no_such_module, which is not installed: pip install tf_homo[report], or give --noreport"
    )
