"""Real or fake? A page that asks a person, by the protocol of Isola et al. 2017 (their tables 4 and 5).

    python -m tf_homo.metrics.real_or_fake --model=RUN_OR_SAVED_MODEL_OR_TFLITE --output=real_or_fake.html

A trial shows a real picture and one that was made, one second each, in either order; then the person says which was
made. Ten trials for practice, with feedback, then forty that count. The result is the share of trials in which the made
picture passed for real; 50% is what guessing gives. Pictures come from the model's own held-out pairs and are kept in
the page, which needs nothing else and sends nothing: whoever asks people to take part collects their CSV files.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from absl import flags

from tf_homo import errors, files, report
from tf_homo.errors import InputError, require_for_reports

PRACTICE, COUNTED, SHOWN_MS = 10, 40, 1000
TEMPLATE = Path(__file__).with_suffix(".html")


def page(
    real: Sequence[np.ndarray], made: Sequence[np.ndarray], title: str, practice: int = PRACTICE,
    counted: int = COUNTED, shown_ms: int = SHOWN_MS,
) -> str:  # fmt: skip
    """The page as HTML.

    Args:
      real, made: as many of either as there are trials, or more, (H, W, 3), float in [0, 1] or uint8; a trial shows
        real[i] and made[i].
      title: what the result says of the system.
      shown_ms: how long each is seen.

    Raises:
      InputError: too few pictures, or jinja2 is missing.
    """
    require_for_reports("the page", "jinja2")
    import jinja2

    if min(len(real), len(made)) < practice + counted:
        raise InputError(
            f"{title}: has {min(len(real), len(made))} pairs, {practice + counted} are needed, as none is shown twice"
        )
    # both as PNG: an encoder that loses detail would tell them apart or make them alike
    pairs = [{"real": report.embedded(a), "made": report.embedded(b)} for a, b in zip(real, made, strict=False)]
    test = {"title": title, "practice": practice, "counted": counted, "shown_ms": shown_ms, "pairs": pairs}
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(TEMPLATE.read_text("utf-8")).render(test=test)


def main(_: list[str]) -> None:
    """Makes the page of the model that the flags name."""
    from tf_homo.metrics import translation

    given = flags.FLAGS
    output = files.output_file("output", given.output)
    places = {"data_dir": given.data_dir, "data_path": given.data_path}
    made, examples = translation.held_out(given.model, PRACTICE + COUNTED, given.noise_seed, **places)
    files.write_text(output, page(examples.images[: len(made)], made, given.title or Path(given.model).name))
    print(output)


def _define_flags() -> None:
    flags.DEFINE_string(
        "model", None, "run folder, SavedModel or .tflite that learned from pairs (pix2pix)", required=True
    )
    flags.DEFINE_string("output", None, "the file to write, NAME.html", required=True)
    flags.DEFINE_string("title", None, "what the result calls the system; by default the name of --model")
    flags.DEFINE_integer("noise_seed", None, "dropout at work, with this noise, of models with --test_dropout", 0)
    flags.DEFINE_string("data_dir", None, "where prepared data sets are kept; by default TFDS's own place")
    flags.DEFINE_string("data_path", None, "the folder of the pairs, where it has moved")


if __name__ == "__main__":
    _define_flags()
    errors.run(main)
