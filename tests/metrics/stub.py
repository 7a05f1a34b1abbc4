"""Pictures that carry their strengths in the first row, and who reads them there: a world without reading errors."""

import numpy as np

from tf_homo.data import drawing
from tf_homo.metrics import baselines

SIZE = 32
COUNT = len(drawing.ATTRIBUTES)
GROUPS = {"expression": ("Mouth_Slightly_Open", "Smiling"), "age": ("Young",)}
BRANCHES = ("expression", "age", "rest")


def written(image, strengths):
    image = np.array(image, np.float32)
    image[0, :COUNT] = np.asarray(strengths)[:, None]
    return image


class TrueReader:
    """Reads without error; its features are the strengths."""

    about = {"name": "reader_64", "seed": 1, "error_mean": 0.0}
    attributes = drawing.ATTRIBUTES

    def read(self, images):
        strengths = np.asarray(images, np.float32)[:, 0, :COUNT, 0]
        return strengths, strengths


class Stub(baselines.System):
    """The source's picture with the strengths that `answer` gives; it takes and gives shares of the way (K,)."""

    alone, extrapolates = None, True

    def __init__(self, answer=lambda share: share):
        self.answer, self.truth = answer, baselines.Truth(GROUPS, BRANCHES)

    def path(self, pair, strengths):
        share = np.array([self.answer(row) for row in strengths @ self.truth.membership.T])
        source, target = pair.faces
        return np.stack(
            [written(pair.images[0], source.strengths + s * (target.strengths - source.strengths)) for s in share]
        )
