"""The one error for input that is at fault, so that every program ends the same way and says no more than that."""

import importlib
import os
import sys
from collections.abc import Callable

from absl import app, flags, logging


class InputError(ValueError):
    """A file, flag or value is at fault. The message is one line: the culprit, its value, the mend."""


def run(main: Callable[[list[str]], None], define: Callable[[list[str]], None] | None = None) -> None:
    """Runs an absl program. Exit status: 0 done, 2 input or flags at fault (one line on stderr), 1 anything else.

    `define` is given the command line first, where the flags themselves depend on it.
    """

    def guarded(argv: list[str]) -> None:
        if len(argv) > 1:
            _refuse(f"unexpected argument {argv[1]!r}: every option is a flag, see --help")
        if not flags.FLAGS["verbosity"].present:  # libraries tell of steps, and warn of what no user can change
            logging.set_verbosity(logging.ERROR)
        try:
            main(argv)
        except InputError as error:
            _refuse(str(error))

    if define:
        try:
            define(sys.argv)
        except (InputError, flags.Error) as error:
            _refuse(str(error))
    app.run(guarded, flags_parser=_parse)


def import_tensorflow() -> None:
    """Imports TensorFlow without what its libraries print on standard error before any log level counts.

    An error of ours is one line there. What TensorFlow says later, at TF_CPP_MIN_LOG_LEVEL=3 and above, is still shown.
    """
    if "tensorflow" in sys.modules:
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        import tensorflow  # noqa: F401
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)


def require_for_reports(what: str, *modules: str, otherwise: str = "") -> None:
    """InputError where one of the modules that `what` needs, which come with the extra `report`, is not installed."""
    for module in modules:
        try:
            importlib.import_module(module)
        except ImportError as error:
            raise InputError(
                f"{what} needs {error.name}, which is not installed: pip install tf_homo[report]{otherwise}"
            ) from error


def _parse(argv: list[str]) -> list[str]:
    """Parses the flags. absl's own way is several lines and status 1, for a bad flag and for --help alike."""
    try:
        return flags.FLAGS(argv)
    except flags.UnrecognizedFlagError as error:
        near = str(error).partition("Did you mean: ")[2].replace(",", " ").split()  # the only place where absl tells it
        mend = f"did you mean --{near[0]}? " if near else ""
        _refuse(f"--{error.flagname}: there is no such flag; {mend}--help lists them")
    except flags.Error as error:
        _refuse(f"{error}; see --help")
    except SystemExit:  # after --help and its kin have printed
        raise SystemExit(0) from None


def _refuse(message: str) -> None:
    print("error: " + " ".join(message.split()), file=sys.stderr)
    raise SystemExit(2)
