"""A reader for pictures that are not drawn: the carried one's network, trained on a data set's own labels.

    python -m tf_homo.metrics.photo_reader --dataset=celeba_folder --data_path=CELEBA --output_dir=runs/reader_celeba
    python -m tf_homo.evaluate --reader=runs/reader_celeba --data_path=CELEBA --run_dir=runs/mine

It is trained on the train part (other layers, seed and loss than any classifier of a run) and told apart on the test
part, which neither it nor a run has seen. Where labels are yes or no it reads how likely a yes is.
"""

from typing import TYPE_CHECKING

import numpy as np
from absl import flags

from tf_homo import errors, files, train
from tf_homo.errors import InputError

if TYPE_CHECKING:
    from tf_homo.data.examples import Examples

USED = ("dataset", "data_dir", "data_path", "labels_file", "eyes", "attributes", "attribute")  # of the flags of train
_OUT = flags.DEFINE_string("output_dir", None, "Folder to write.", allow_override=True)
_STEPS = flags.DEFINE_integer("photo_reader_steps", 6_000, "Steps of 64 pictures.", lower_bound=1)


def trained(examples: "Examples", steps: int) -> tuple:
    """A network that reads the examples' attributes, and what reader.json says of it but for its errors."""
    import keras

    from tf_homo.metrics import reader

    keras.utils.set_random_seed(reader.SEED)
    network = reader.build(len(examples.attributes))
    reader.train(network, examples.images, examples.labels, steps, 2e-3, likely=True)
    network.set_weights([value.astype(np.float16) for value in network.get_weights()])  # as they are kept
    about = {
        "name": f"reader_{examples.about['dataset']}",
        "image_size": reader.SIZE,
        "examples": len(examples),
        "steps": steps,
        "attributes": list(examples.attributes),
        "data": examples.about,
    }
    return network, about


def main(_: list[str]) -> None:
    """Reads the data that the flags name, trains, judges, writes."""
    if not _OUT.value:
        raise InputError("--output_dir is missing: name the folder to write, for instance --output_dir=runs/my_reader")
    if flags.FLAGS.dataset == "drawn_faces":
        raise InputError("--dataset=drawn_faces: has a reader that is carried along; name celeba_folder or another")
    for flag in flags.FLAGS.get_key_flags_for_module(train):
        if flag.present and flag.name not in USED:
            raise InputError(f"--{flag.name}: has no effect on a reader of photos; leave it out")
    errors.import_tensorflow()
    from tf_homo.metrics import reader
    from tf_homo.metrics.photos import judged

    source = train.data()
    test, examples = (source.read(split, reader.SIZE) for split in ("test", "train"))  # either may be missing
    folder = files.output_folder("output_dir", _OUT.value)
    network, about = trained(examples, _STEPS.value)
    about |= judged(reader.Reader(network, about).read(test.images)[0], test.labels, test.attributes)
    reader.save(network, about, folder)
    for name, share in about["accuracy"].items():
        print(f"  {name:22} right {share:.3f}, always the same {about['always'][name]:.3f}")
    print(f"{folder}: mean error {about['error_mean']:.3f} on {len(test)} pictures of the test part")


if __name__ == "__main__":
    errors.run(main)
