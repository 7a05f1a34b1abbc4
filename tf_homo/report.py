"""Pictures from pictures: labelled strips and grids, and files (PNG, GIF, MP4) that are either whole or not there.

Images are (H, W, 3) RGB, float in [0, 1] or uint8 in [0, 255]. Nothing here knows a model.
"""

import base64
import io
import itertools
import os
from collections.abc import Iterable, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tf_homo.errors import InputError
from tf_homo.files import whole

MARGIN, GAP, WIDE_GAP = 12, 2, 14  # pixels: around the picture, between cells, between blocks of columns
FONT, SMALLEST_FONT = 15, 8  # pixels
PAPER, INK = (255, 255, 255), (51, 51, 51)
HOLD_MS = 600  # how long a GIF rests at either end


def to_uint8(image: np.ndarray) -> np.ndarray:
    """(..., 3) float in [0, 1], clipped to it and rounded, or uint8 as it is -> uint8."""
    image = np.asarray(image)
    if image.dtype == np.uint8:
        return image
    return np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)


def to_unit(image: np.ndarray) -> np.ndarray:
    """(..., 3) uint8, or float in [0, 1] as it is -> float32 in [0, 1]."""
    image = np.asarray(image)
    return image.astype(np.float32) * np.float32(1 / 255 if image.dtype == np.uint8 else 1)


def embedded(picture: np.ndarray) -> str:
    """A picture (H, W, 3), float in [0, 1] or uint8, as the URL of a PNG, to stand in a page."""
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(to_uint8(picture))).save(file, "png", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def plotted(figure) -> np.ndarray:
    """A matplotlib Figure as a picture (H, W, 3) uint8."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]


def enlarge(image: np.ndarray, smallest: int) -> np.ndarray:
    """(H, W, 3) -> uint8 enlarged (bicubic) by the least whole factor to sides of at least `smallest` pixels."""
    image = to_uint8(image)
    height, width = image.shape[:2]
    factor = -(-smallest // min(height, width))
    if factor <= 1:
        return image
    return np.asarray(Image.fromarray(image).resize((width * factor, height * factor), Image.Resampling.BICUBIC))


def strip(
    frames: Sequence[np.ndarray],
    labels: Sequence[str] | None = None,
    *,
    blocks: Sequence[int] | None = None,
    cell: int = 96,
) -> np.ndarray:
    """One row of images with labels (a label may have several lines) under them. See `grid`.

    Returns:
      (H', W', 3) uint8.
    """
    return _compose([frames], None, labels, blocks, cell, labels_below=True)


def grid(
    rows: Sequence[Sequence[np.ndarray]],
    row_labels: Sequence[str] | None = None,
    column_labels: Sequence[str] | None = None,
    *,
    blocks: Sequence[int] | None = None,
    cell: int = 96,
) -> np.ndarray:
    """Rows of images, names at the left of the rows and above the columns.

    Args:
      rows: images of one size, equally many in each row.
      row_labels, column_labels: one text for each row, each column; in small letters where they would not fit.
      blocks: how many columns stand close together before a wider gap, for instance (1, 9, 1); all of them by default.
      cell: images smaller than this many pixels are enlarged by a whole factor.

    Returns:
      (H', W', 3) uint8.

    Raises:
      ValueError: no image, images of different sizes, or counts that do not agree.
    """
    return _compose(rows, row_labels, column_labels, blocks, cell, labels_below=False)


def _compose(rows, row_labels, column_labels, blocks, cell, labels_below):
    columns = len(rows[0]) if len(rows) else 0
    blocks = [columns] if blocks is None else list(blocks)
    shapes = {np.shape(image) for row in rows for image in row}
    if len(shapes) != 1 or len(next(iter(shapes))) != 3 or next(iter(shapes))[2] != 3:
        raise ValueError(f"images of one shape (H, W, 3) are wanted, got shapes {sorted(shapes)}")
    for what, counts, wanted in (
        ("images in the rows", [len(row) for row in rows], columns),
        ("row labels", [] if row_labels is None else [len(row_labels)], len(rows)),
        ("column labels", [] if column_labels is None else [len(column_labels)], columns),
        ("columns in blocks", [sum(blocks)], columns),
    ):
        if any(count != wanted for count in counts):
            raise ValueError(f"{what}: {wanted} are wanted, got {counts}")

    cells = [[enlarge(image, cell) for image in row] for row in rows]
    height, width = cells[0][0].shape[:2]
    names = _Labels(row_labels or [], width=2 * width)
    heads = _Labels(column_labels or [], width=width - 10)
    left = MARGIN + (names.width + 8 if row_labels else 0)
    over, under = (0, heads.height + 6) if labels_below else (heads.height + 6, 0)
    if not column_labels:
        over = under = 0
    block_of = list(itertools.chain.from_iterable([b] * count for b, count in enumerate(blocks)))
    xs = [left + c * (width + GAP) + block_of[c] * (WIDE_GAP - GAP) for c in range(columns)]
    ys = [MARGIN + over + r * (height + GAP) for r in range(len(rows))]

    paper = Image.new("RGB", (xs[-1] + width + MARGIN, ys[-1] + height + under + MARGIN), PAPER)
    for y, row in zip(ys, cells, strict=True):
        for x, image in zip(xs, row, strict=True):
            paper.paste(Image.fromarray(image), (x, y))
    draw = ImageDraw.Draw(paper)
    for y, text in zip(ys, names.texts, strict=False):
        draw.multiline_text((left - 8, y + height / 2), text, INK, names.font, anchor="rm", align="right")
    head_at, anchor = (ys[-1] + height + 6, "ma") if labels_below else (MARGIN + over - 6, "md")
    for x, text in zip(xs, heads.texts, strict=False):
        draw.multiline_text((x + width / 2, head_at), text, INK, heads.font, anchor=anchor, align="center")
    return np.asarray(paper)


class _Labels:
    """Texts in one size of letters, up to FONT, in which all fit into `width` pixels; still longer ones are cut."""

    def __init__(self, texts: Sequence[str], width: int):
        self.texts = [str(text) for text in texts]
        for size in range(FONT, SMALLEST_FONT - 1, -1):
            self.font = ImageFont.load_default(size=size)
            if all(self._extent(text)[0] <= width for text in self.texts):
                break
        else:
            self.texts = [self._cut(text, width) for text in self.texts]
        extents = [self._extent(text) for text in self.texts] or [(0, 0)]
        self.width, self.height = (int(np.ceil(max(side))) for side in zip(*extents, strict=True))

    def _extent(self, text: str) -> tuple[float, float]:
        lines = text.split("\n")
        ascent, descent = self.font.getmetrics()
        return max(self.font.getlength(line) for line in lines), len(lines) * (ascent + descent + 4) - 4

    def _cut(self, text: str, width: int) -> str:
        if self._extent(text)[0] <= width:
            return text
        lines = text.split("\n")
        while max(map(len, lines)) > 1 and self._extent("\n".join(lines))[0] > width:
            longest = max(range(len(lines)), key=lambda i: self.font.getlength(lines[i]))
            lines[longest] = lines[longest].rstrip("…")[:-1] + "…"
        return "\n".join(lines)


def check_output(path: str, endings: Sequence[str], inputs: Sequence[str] = ()) -> str:
    """The ending of `path` in small letters; InputError where it is none of `endings`, no file could be written, or the
    file is one of `inputs`.
    """
    ending = os.path.splitext(path)[1].lower()
    folder = os.path.dirname(path) or "."
    if ending not in endings:
        raise InputError(f"{path}: the ending {ending!r} is none that can be written; use {', '.join(endings)}")
    if os.path.isdir(path):
        raise InputError(f"{path}: is a folder; give a file name")
    if not os.path.isdir(folder):
        raise InputError(f"{path}: the folder {folder} does not exist; create it first (mkdir -p {folder})")
    if not os.access(folder, os.W_OK):
        raise InputError(f"{path}: the folder {folder} may not be written to; choose another one")
    if os.path.exists(path) and any(os.path.exists(name) and os.path.samefile(name, path) for name in inputs):
        raise InputError(f"{path}: is also an input and would be lost; give another name")
    return ending


def save_image(path: str, image: np.ndarray) -> None:
    """Writes (H, W, 3) in the format that the ending of `path` names. The file appears whole or not at all."""
    with whole(path) as partial:
        Image.fromarray(to_uint8(image)).save(partial, quality=95, subsampling=0)  # where a format knows these


def save_gif(path: str, frames: Iterable[np.ndarray], fps: float) -> None:
    """Writes frames (H, W, 3), held in memory all together, as an endless GIF, forth and back, resting HOLD_MS at
    either end. GIF counts time in 1/100 s.

    All frames share one palette, since one for each would make the colours flicker. No dithering: on enlarged frames it
    doubles the file, lowers the PSNR (40.1 instead of 40.9 dB on drawn faces) and crawls.
    """
    frames = [to_uint8(frame) for frame in frames]
    sample = [frame[::2, ::2] for frame in frames[:: -(-len(frames) // 16)]]  # enough pixels to know the colours
    palette = Image.fromarray(np.concatenate(sample)).quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=1)
    pictures = [Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    step = max(20, round(100 / fps) * 10)  # below 20 ms players fall back to 100 ms
    times = [step] * len(pictures)
    times[0] = times[-1] = max(step, HOLD_MS)
    pictures, times = pictures + pictures[-2:0:-1], times + times[-2:0:-1]
    with whole(path) as partial:
        pictures[0].save(partial, save_all=True, append_images=pictures[1:], duration=times, loop=0, optimize=False)


def video_writer():
    """The module imageio_ffmpeg; InputError that says how to install it where it or its ffmpeg is missing."""
    try:
        import imageio_ffmpeg

        imageio_ffmpeg.get_ffmpeg_exe()
    except (ImportError, RuntimeError) as error:
        raise InputError(
            "writing .mp4 needs imageio-ffmpeg, which is not installed: pip install 'tf_homo[video]', or in a checkout "
            "pip install '.[video]'; or write a .gif"
        ) from error
    return imageio_ffmpeg


def save_mp4(path: str, frames: Iterable[np.ndarray], fps: float) -> None:
    """Writes frames (H, W, 3) one by one, first to last, as H.264 with 4:2:0 colour, which every player takes.

    Sides of an odd length get their last row or column twice: 4:2:0 wants even ones. InputError as `video_writer`.
    """
    ffmpeg = video_writer()
    frames = iter(frames)
    first = next(frames)
    height, width = first.shape[:2]
    edge = ((0, height % 2), (0, width % 2), (0, 0))
    with whole(path) as partial:
        writer = ffmpeg.write_frames(
            partial,
            (width + width % 2, height + height % 2),
            fps=fps,
            codec="libx264",
            pix_fmt_out="yuv420p",
            macro_block_size=2,
            quality=8,
            ffmpeg_log_level="error",
            output_params=["-movflags", "+faststart"],
        )
        writer.send(None)
        try:
            for frame in itertools.chain([first], frames):
                writer.send(np.ascontiguousarray(np.pad(to_uint8(frame), edge, mode="edge")))
        finally:
            writer.close()
