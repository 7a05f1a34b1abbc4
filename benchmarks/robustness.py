"""What faces that stand elsewhere cost: shifted by a tenth, tilted by 15 degrees, of 0.8 and of 1.2 times the size.

    python -m benchmarks.robustness [--model=RUN_OR_SAVED_MODEL_OR_TFLITE] [--pairs=64]

The drawn faces of evaluate's pairs, drawn anew in another pose; no pixel is resampled. `as they are`: that picture is
what the model gets, and what comes out is turned back before the reader sees it. `by the eyes`: the face is drawn four
times as large, as in a photo, and aligned by its true eyes first, as morph does by those it finds (how far these lie
from the true ones, `benchmarks.eyes` measures). Prints a table, each number beside that of faces in their place.
"""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
from absl import flags
from tqdm import tqdm

from tf_homo import alignment, errors, evaluate, serving
from tf_homo.data import drawing
from tf_homo.metrics import baselines, features, measure, page, scores
from tf_homo.metrics import reader as readers

CENTRE = np.array((0.5, 0.445))  # between the eyes, about which faces are drawn
KEYS = ("linearity_error", "monotonic_rate", "endpoint_gap", "leakage", "psnr", "ssim")
PHOTO = 4  # times the model's size


@dataclasses.dataclass(frozen=True)
class Move:
    """Right and down by a share of the side, larger, clockwise by degrees."""

    right: float = 0.0
    down: float = 0.0
    larger: float = 1.0
    tilt: float = 0.0

    def face(self, face: drawing.Face) -> drawing.Face:
        """The face in its new pose."""
        pose = face.nuisance
        moved = {"place_x": pose.place_x + self.right, "place_y": pose.place_y + self.down}
        turned = {"scale": pose.scale * self.larger, "tilt": pose.tilt + self.tilt}
        return dataclasses.replace(face, nuisance=dataclasses.replace(pose, **moved, **turned))

    def transform(self, size: int) -> np.ndarray:
        """From a face's old place to its new one, in pixels, (2, 3)."""
        turn = self.larger * np.exp(1j * np.deg2rad(self.tilt))
        linear = np.array([[turn.real, -turn.imag], [turn.imag, turn.real]])
        return np.column_stack([linear, size * (CENTRE - linear @ CENTRE + (self.right, self.down))])


MOVES = {
    "in place": Move(),
    "right by 10%": Move(right=0.1),
    "down by 10%": Move(down=0.1),
    "tilted by 15 degrees": Move(tilt=15.0),
    "0.8 of the size": Move(larger=0.8),
    "1.2 of the size": Move(larger=1.2),
}


class TurnedBack:
    """A reader that sees faces where it expects them."""

    def __init__(self, reader: readers.Reader, move: Move):
        self.about, self.attributes, self._reader, self._move = reader.about, reader.attributes, reader, move

    def read(self, images: np.ndarray):
        size = images.shape[1]
        back = self._move.transform(size)
        return self._reader.read(np.stack([alignment.sample(image, back, size, size) for image in images]))


def moved(pair: baselines.Pair, move: Move) -> baselines.Pair:
    """The pair with both faces drawn in their new pose."""
    faces = tuple(move.face(face) for face in pair.faces)
    pictures = [drawing.render(face, pair.images.shape[1]) for face in faces]
    images = np.stack([picture.image for picture in pictures]).astype(np.float32) / 255
    return dataclasses.replace(pair, faces=faces, images=images)


def aligned(pair: baselines.Pair, move: Move) -> baselines.Pair:
    """The pair in its new pose, drawn larger and brought to its place by its true eyes."""
    size, images = pair.images.shape[1], []
    for face in pair.faces:
        picture = drawing.render(move.face(face), PHOTO * size)
        image, eyes = picture.image.astype(np.float32) / 255, picture.landmarks[:2] * PHOTO * size
        images.append(np.clip(alignment.align(image, eyes, alignment.DRAWN, size)[0], 0, 1))
    return dataclasses.replace(pair, images=np.stack(images))


def measured(model: serving.Morpher, pairs: int) -> dict[str, dict[str, dict[str, float | None]]]:
    """{move: {"as they are", "by the eyes": {key: value}}}; of groups their mean."""
    reading = readers.load()
    network = features.load("reader", reading)
    plan = evaluate.plan_for(model, reading, pairs, 9, evaluate.SEED)
    plan = dataclasses.replace(plan, white=0, real=1)
    faces = dataclasses.replace(measure.draw(plan, lambda images: np.zeros((0, 1))), truth=None)
    system, found = baselines.Morph(model), {}
    jobs = [(name, way) for name in MOVES for way in (moved, aligned)]
    with tqdm(total=len(jobs) * measure.frames_of(system, plan, faces), unit="frame", mininterval=1.0) as bar:
        for name, way in jobs:
            bar.set_description(name)
            there = dataclasses.replace(faces, pairs=[way(pair, MOVES[name]) for pair in faces.pairs])
            seen = TurnedBack(reading, MOVES[name]) if way is moved else reading
            paths = measure.walk(system, plan, there, seen, network, bar.update)
            entry = scores.score(system, paths, plan, there, network.name)
            numbers = {key: page.mean(rows_of(entry, key), key)[0] for key in KEYS}
            found.setdefault(name, {})["as they are" if way is moved else "by the eyes"] = numbers
    return found


def rows_of(entry: Mapping, key: str) -> Sequence[Mapping]:
    """Where a key stands in a system's entry: under all, or in every group."""
    return [entry["all"]] if key in scores.IMAGES else list(entry["groups"].values())


def table(found: Mapping[str, Mapping[str, Mapping[str, float | None]]]) -> str:
    """Markdown, a line for each pose and way."""
    lines = ["| pose | given to the model | " + " | ".join(KEYS) + " |", "|---" * (2 + len(KEYS)) + "|"]
    for name, ways in found.items():
        for way, numbers in ways.items():
            told = ["-" if value is None else f"{value:.3f}" for value in numbers.values()]
            lines.append(f"| {name} | {way} | " + " | ".join(told) + " |")
    return "\n".join(lines)


def main(_: list[str]) -> None:
    """Measures what the flags name."""
    print(table(measured(serving.load(flags.FLAGS.model), flags.FLAGS.pairs)))


if __name__ == "__main__":
    flags.DEFINE_string(
        "model", None, "run folder, SavedModel or .tflite; default: the one carried", allow_override=True
    )
    flags.DEFINE_integer("pairs", 64, "pairs of faces", 1, allow_override=True)
    errors.run(main)
