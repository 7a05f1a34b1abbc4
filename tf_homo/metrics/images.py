"""Distances between images and between sets of images. Images are float (..., H, W, 3) in [0, 1]."""

import functools

import numpy as np

LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # Rec. 601


def psnr(images: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Peak signal-to-noise ratio (N,) in dB, -10 log10 of the mean squared error; 100 at most, for equal images."""
    error = np.mean((np.asarray(images, np.float64) - truth) ** 2, axis=(1, 2, 3))
    return -10 * np.log10(np.maximum(error, 1e-10))


def ssim(images: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Structural similarity (N,) (Wang et al., 2004; 11x11 Gaussian of 1.5 pixels, mean over the channels); at most 1,
    equal images.
    """
    import tensorflow as tf

    parts = [
        tf.image.ssim(images[i : i + 64], truth[i : i + 64], max_val=1.0).numpy() for i in range(0, len(images), 64)
    ]
    return np.concatenate(parts)


def white_background_shift(frames: np.ndarray, where: np.ndarray) -> float:
    """Mean change of background pixels that are pure white, in 1/255: 0 is best, 255 is black.

    Args:
      frames: (V, H, W, 3), a path between two faces on white.
      where: bool (H, W), background and pure white in both faces: there every frame should be white as well.
    """
    return float(255 * np.abs(1 - frames[:, where]).mean())


def edge_energy(images: np.ndarray) -> np.ndarray:
    """Mean squared difference (...,) of neighbouring pixels' luma, across and down."""
    luma = np.asarray(images, np.float64) @ LUMA
    across, down = np.diff(luma, axis=-1), np.diff(luma, axis=-2)
    return (across**2).mean((-2, -1)) + (down**2).mean((-2, -1))


def ghosting(frames: np.ndarray) -> float:
    """Edge energy of the middle frame over the mean of the two ends'. Frames (V, H, W, 3), V odd.

    1: as crisp as its ends. Where two images are laid over each other, an edge that only one of them has keeps half
    its contrast and a quarter of its energy, so a double exposure of faces that do not line up has 1/2. A blurred
    middle is low too; above 1 there are patterns or noise that the ends do not have. Nearest to 1 is best. NaN where
    the ends are plain.
    """
    ends = edge_energy(frames[[0, -1]]).mean()
    return float(edge_energy(frames[len(frames) // 2]) / ends) if ends > 1e-8 else float("nan")


def eyes_found(image: np.ndarray) -> np.ndarray:
    """The eyes that OpenCV's cascade for eyes, with glasses or without, finds in an image (S, S, 3): their centres
    (n, 2), x and y in [0, 1], from left to right.

    Viola and Jones, 2001. It misses some and sees others where none are, in real and in drawn faces too: only against
    what it finds in the truth does a number mean anything.
    """
    import cv2

    grey = np.rint(255 * np.clip(np.asarray(image, np.float32) @ LUMA, 0, 1)).astype(np.uint8)
    side = 256  # the cascade's own window has 20 pixels, as many as an eye is wide then
    larger = cv2.resize(grey, (side, side), interpolation=cv2.INTER_CUBIC)
    boxes = np.reshape(_eye_cascade().detectMultiScale(larger, scaleFactor=1.05, minNeighbors=3), (-1, 4))
    centres = (boxes[:, :2] + boxes[:, 2:] / 2) / side
    return centres[np.argsort(centres[:, 0])]


@functools.cache
def _eye_cascade():
    import cv2

    return cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_eye_tree_eyeglasses.xml")


def frechet(first: np.ndarray, second: np.ndarray) -> float:
    """Fréchet distance between two sets of features (n, D), (m, D), taken as Gaussian (Dowson and Landau 1982; Heusel
    et al. 2017).

        |m1 - m2|^2 + tr(C1 + C2 - 2 (C1^(1/2) C2 C1^(1/2))^(1/2))

    At least 0, 0 for equal mean and covariance. Small sets score too high: compare only sets of the same sizes.

    Raises:
      ValueError: a set has fewer than two members.
    """
    if min(len(first), len(second)) < 2:
        raise ValueError(f"sets of {len(first)} and {len(second)}: a covariance needs at least two members")
    first, second = np.asarray(first, np.float64), np.asarray(second, np.float64)
    c1, c2 = np.atleast_2d(np.cov(first.T)), np.atleast_2d(np.cov(second.T))
    values, vectors = np.linalg.eigh(c1)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    between = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ c2 @ root), 0)).sum()
    distance = np.sum((first.mean(0) - second.mean(0)) ** 2) + np.trace(c1) + np.trace(c2) - 2 * between
    return float(max(distance, 0.0))


def kernel(first: np.ndarray, second: np.ndarray) -> float:
    """Kernel distance between two sets of features (n, D), (m, D): the unbiased squared maximum mean discrepancy under
    the kernel (x y / D + 1)^3 (Binkowski et al. 2018). Around 0 for sets of one kind, whatever their sizes; it may be
    below.

    Raises:
      ValueError: a set has fewer than two members.
    """
    if min(len(first), len(second)) < 2:
        raise ValueError(f"sets of {len(first)} and {len(second)}: an unbiased mean needs at least two members")
    first, second = np.asarray(first, np.float64), np.asarray(second, np.float64)

    def mean(a, b, same):
        values = (a @ b.T / a.shape[1] + 1) ** 3
        if same:  # a member is not compared with itself
            return (values.sum() - np.trace(values)) / (len(a) * (len(a) - 1))
        return values.mean()

    return float(mean(first, first, True) + mean(second, second, True) - 2 * mean(first, second, False))


def truth_distance(frames: np.ndarray, truth: np.ndarray) -> float:
    """Root mean squared difference, in 1/255, between frames and true frames (V, H, W, 3), averaged over the frames."""
    squared = np.mean((np.asarray(frames, np.float64) - truth) ** 2, axis=(1, 2, 3))
    return float(255 * np.sqrt(squared).mean())
