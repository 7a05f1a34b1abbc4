"""Morphs one photo towards another along named attributes, at an even pace.

    python -m tf_homo.morph --source=drawn_faces:17 --target=drawn_faces:4 --out=strip.png
    python -m tf_homo.morph --source=a.jpg --target=b.jpg --strength=Smiling=0.7,age=1 --out=smile.gif
    python -m tf_homo.morph --source=a.jpg --strength=Smiling=1,Eyeglasses=-1 --out=edit.png
    python -m tf_homo.morph --source=a.jpg --strength=Smiling=1 --paste_back --out=whole.png
    python -m tf_homo.morph --source=a.jpg --target=b.jpg --mode=branches --out=branches.png
    python -m tf_homo.morph --source=a.jpg --target=b.jpg --mode=grid --x=Smiling --y=age --out=grid.png
    python -m tf_homo.morph --source=a.jpg --target=b.jpg --mode=corners --corners=c.jpg,d.jpg --out=corners.png

Each image is encoded once. Where one pair is morphed, every branch T_i(F_b - F_a) is computed once as well, and the N
frames are sums of them: F_a + sum_i v_i T_i(F_b - F_a). Without a target, a strength is a wish for an attribute: 1
gives it, -1 takes it away.
"""

import sys
from collections.abc import Iterator, Sequence

import numpy as np
from absl import flags

from tf_homo import alignment, attributes, errors, framing, photos, report
from tf_homo.errors import InputError

MODES = {
    "path": "frames from the source to --strength, evenly",
    "branches": "one row for each branch, moved alone, and a last row with all of them",
    "grid": "two strengths, --x to the right and --y downwards",
    "corners": "four images, bilinear: source top left, target bottom right, --corners the other two",
}
STILL, MOVING = (".png", ".jpg", ".jpeg"), (".gif", ".mp4")
MOST_FRAMES = {"path": 1000, "branches": 64, "grid": 64, "corners": 64}
MOVING_SIDE = 256  # frames of a GIF or MP4 have at least this many pixels a side
FILM_SIDE = 1280  # and at most this many where they are whole photos
GIF_PIXELS = 200_000_000  # of all frames of whole photos: a GIF is held in memory, five bytes for each

_MODEL = flags.DEFINE_string(
    "model",
    None,
    "Run folder, SavedModel folder or .tflite; default: the one carried along.",
    allow_override=True,  # other programs have it too, and a test may import both
)
_SOURCE = flags.DEFINE_string("source", None, "Image to start from: a file, or drawn_faces:17 for a drawn example.")
_TARGET = flags.DEFINE_string("target", None, "Image to move to; not needed by a model that edits without one.")
_STRENGTH = flags.DEFINE_string(
    "strength",
    "",
    "Where to move, by branch, attribute or 'all': Smiling=0.7,age=1. An attribute moves its whole group, and towards "
    "the target's value. Default all=1, the target itself. Without a target, by attribute: 1 gives it, -1 takes it.",
)
_FRAMES = flags.DEFINE_integer("frames", None, "Frames, both ends included; default 9 in a PNG, 33 otherwise.")
_OUT = flags.DEFINE_string("out", None, "File to write: .png or .jpg, or .gif or .mp4 for --mode=path.")
_MODE = flags.DEFINE_enum("mode", "path", list(MODES), "; ".join(f"{name}: {what}" for name, what in MODES.items()))
_X = flags.DEFINE_string("x", "", "--mode=grid: strength at the right edge; 'Smiling' is short for Smiling=1.")
_Y = flags.DEFINE_string("y", "", "--mode=grid: strength at the lower edge.")
_CORNERS = flags.DEFINE_list("corners", [], "--mode=corners: the images at the top right and the bottom left.")
_NO_ALIGN = flags.DEFINE_bool(
    "no_align",
    False,
    "Take images as they are. Otherwise the face of an image file is found and aligned as the model's training "
    "pictures are; drawn examples and files of exactly the model's size are in place already.",
)
_FACE = flags.DEFINE_list(
    "face", [], "Which face of a photo with several, counted from the left: one number, or one for each image."
)
_PASTE_BACK = flags.DEFINE_bool(
    "paste_back",
    False,
    "Paste the result into the whole source image, with a soft edge; a still shows the end only.",
)
_CROP = flags.DEFINE_enum(
    "crop", "none", photos.CROPS, "Images that are not square: refuse, or keep the middle as it is."
)
_FPS = flags.DEFINE_float("fps", 20, "Frames a second of a GIF or MP4.")


def main(_: Sequence[str]) -> None:
    """Flags -> model and images -> one picture or film in --out."""
    ending, opened = check_flags()
    names = [name for name, _ in opened]
    end_only = _PASTE_BACK.value and ending in STILL
    frames = _FRAMES.value or (33 if ending in MOVING else 2 if end_only else 9)
    from tf_homo import serving  # may take seconds to import TensorFlow: the flags are checked before

    model = serving.load(_MODEL.value)
    if "encode" not in model.signatures:
        raise InputError(f"--model={_MODEL.value}: has no latent to move in; try python -m tf_homo.translate")
    if not _TARGET.value and "edit_attributes" not in model.signatures:
        raise InputError("--target is missing: this model has no 'edit_attributes' signature; give an image to move to")
    end = _vector("strength", _STRENGTH.value or _everything(model), model)
    taken = _taken(model, opened)
    images = [photo.image for photo in taken]
    if _MODE.value == "path":
        if _PASTE_BACK.value:
            photo = taken[0] if end_only else taken[0].shrunk(FILM_SIDE)
            if ending == ".gif":
                _check_memory(frames, photo)
        shown = path(model, images, end, frames)
        if _PASTE_BACK.value:
            shown = pasted(photo, shown)
        if ending in MOVING:
            shown = (report.enlarge(frame, MOVING_SIDE) for frame in shown)
            {".gif": report.save_gif, ".mp4": report.save_mp4}[ending](_OUT.value, shown, _FPS.value)
        elif end_only:
            report.save_image(_OUT.value, list(shown)[-1])
        else:
            report.save_image(_OUT.value, path_picture(model, images, shown, end))
    else:
        if _MODE.value == "branches":
            picture = branches_picture(model, images, end, frames)
        elif _MODE.value == "grid":
            picture = grid_picture(model, images, *_axes(model), frames)
        else:
            picture = corners_picture(model, images, end, frames)
        report.save_image(_OUT.value, picture)
    made = "the whole photo" if end_only else f"{_MODE.value}, {frames} steps"
    print(f"{_OUT.value}: {made}, from {', '.join(names)}, model {model.path}")


def path(model, images: Sequence[np.ndarray], end: np.ndarray, frames: int) -> np.ndarray:
    """Decoded frames (N, H, W, 3) in [0, 1] whose strengths go evenly from 0, the source, to `end` (C,)."""
    return model.decode(mix(model, encode(model, images), _ramp(end, frames)))


def pasted(photo: framing.Framed, frames: np.ndarray) -> Iterator[np.ndarray]:
    """Frames (N, S, S, 3) of a path from `photo`, pasted back into it: N pictures (H, W, 3) uint8, one by one."""
    return (alignment.paste_back(photo.whole, frames[0], frame, photo.transform) for frame in frames)


def encode(model, images: Sequence[np.ndarray]) -> np.ndarray:
    """Images (H, W, 3) -> latents (N, h, w, d)."""
    return model.encode(np.stack(images).astype(np.float32))


def mix(model, latents: np.ndarray, strengths: np.ndarray) -> np.ndarray:
    """Latents (N, h, w, d) for strengths (N, C) from two (source, target), or for wishes (N, K) from one."""
    if len(latents) == 2:
        return model.interpolate(latents[:1], latents[1:], strengths)
    return model.call("edit_attributes", latent=np.repeat(latents, len(strengths), axis=0), strength=strengths)


def path_picture(model, images: Sequence[np.ndarray], frames: np.ndarray, end: np.ndarray) -> np.ndarray:
    """A strip: the source image, the frames with their strengths, the target image."""
    moved, names = np.flatnonzero(end), _columns(model, len(images) > 1)
    steps = np.linspace(0, 1, len(frames))
    if len(moved) == len(names) and np.ptp(end) == 0:
        labels = [_number(step * end[0]) for step in steps]
    elif 0 < len(moved) <= 3:
        labels = ["\n".join(f"{names[b]} {_number(step * end[b])}" for b in moved) for step in steps]
    else:
        labels = [f"{step:.0%} of the way" for step in steps]
    cells, labels, blocks = _between(images, list(frames), labels)
    return report.strip(cells, labels, blocks=blocks)


def branches_picture(model, images: Sequence[np.ndarray], end: np.ndarray, frames: int) -> np.ndarray:
    """A row for each branch that `end` (C,) moves, moved alone, and a last row with all of them together."""
    names = _columns(model, len(images) > 1)
    moved = np.flatnonzero(end)
    ends = [end * (np.arange(len(end)) == b) for b in moved] + [end]
    strengths = np.concatenate([_ramp(one, frames) for one in ends])
    decoded = model.decode(mix(model, encode(model, images), strengths))
    rows = decoded.reshape(len(ends), frames, *decoded.shape[1:])  # (rows, N, H, W, 3)
    steps = [_number(step) for step in np.linspace(0, 1, frames)]
    labels = [names[b] + ("" if end[b] == 1 else f"\nto {_number(end[b])}") for b in moved]
    labels.append("all" if len(moved) == len(names) else "together")
    cells = [_between(images, list(row), steps) for row in rows]
    return report.grid([row for row, _, _ in cells], labels, cells[0][1], blocks=cells[0][2])


def grid_picture(model, images: Sequence[np.ndarray], x: np.ndarray, y: np.ndarray, frames: int) -> np.ndarray:
    """N x N images: strengths `x` (C,) grow to the right, `y` (C,) downwards; no movement at the top left."""
    both = _ramp(y, frames)[:, None] + _ramp(x, frames)[None]  # (N, N, C)
    decoded = model.decode(mix(model, encode(model, images), both.reshape(frames * frames, -1)))
    rows, names = decoded.reshape(frames, frames, *decoded.shape[1:]), _columns(model, len(images) > 1)

    def labels(end: np.ndarray) -> list[str]:
        return [
            "\n".join(f"{names[b]} {_number(step * end[b])}" for b in np.flatnonzero(end))
            for step in np.linspace(0, 1, frames)
        ]

    return report.grid(list(rows), labels(y), labels(x))


def corners_picture(model, images: Sequence[np.ndarray], end: np.ndarray, frames: int) -> np.ndarray:
    """N x N images between four: source (top left), target (bottom right), and the two others (top right, bottom left).

    The upper and the lower edge are morphs of their ends; each column is a morph from its upper to its lower image.
    """
    source, target, right, left = encode(model, images)[:, None]  # (1, h, w, d) each
    ramp = _ramp(end, frames)
    upper, lower = model.interpolate(source, right, ramp), model.interpolate(left, target, ramp)
    columns = np.stack([model.interpolate(a[None], b[None], ramp) for a, b in zip(upper, lower, strict=True)], axis=1)
    decoded = model.decode(columns.reshape(-1, *columns.shape[2:]))  # (N * N, H, W, 3), row by row
    rows = decoded.reshape(frames, frames, *decoded.shape[1:])
    steps = [_number(step) for step in np.linspace(0, 1, frames)]
    return report.grid(list(rows), steps, steps)


def check_flags() -> tuple[str, list[tuple[str, photos.Decoded | None]]]:
    """The ending of --out, and the input images, each with its name; InputError for whatever can be seen without a
    model.
    """
    mode, names = _MODE.value, [_SOURCE.value, *filter(None, [_TARGET.value]), *_CORNERS.value]
    if not _SOURCE.value:
        raise InputError(f"--source is missing: give an image file, or {photos.DRAWN}17 for a drawn example")
    if not _OUT.value:
        raise InputError("--out is missing: give the file to write, for instance --out=morph.png")
    ending = report.check_output(_OUT.value, (*STILL, *MOVING), names)
    if mode != "path" and ending in MOVING:
        raise InputError(f"--out={_OUT.value}: --mode={mode} is one picture; give a .png, or leave --mode out")
    if ending == ".mp4":
        report.video_writer()
    if _FRAMES.value is not None and not 2 <= _FRAMES.value <= MOST_FRAMES[mode]:
        raise InputError(
            f"--frames={_FRAMES.value}: --mode={mode} makes from 2 to {MOST_FRAMES[mode]} frames; give that many"
        )
    if not 0 < _FPS.value <= 100:
        raise InputError(f"--fps={_FPS.value:g}: give more than 0 and at most 100 frames a second")
    for flag, wanted in (("x", "grid"), ("y", "grid"), ("corners", "corners")):
        given = flags.FLAGS[flag].value
        if given and mode != wanted:
            raise InputError(f"--{flag} belongs to --mode={wanted}, not to --mode={mode}; change one of them")
        if mode == wanted and not given:
            example = "c.png,d.png" if flag == "corners" else "Smiling"
            raise InputError(f"--mode={mode} needs --{flag}, for instance --{flag}={example}")
    if _STRENGTH.value and not _STRENGTH.value.strip(", "):
        raise InputError(f"--strength={_STRENGTH.value}: names nothing; write NAME=VALUE, for instance Smiling=0.7")
    if mode == "grid" and _STRENGTH.value:
        raise InputError("--strength has no place in --mode=grid: say it in --x and --y, as in --x=Smiling=0.7")
    if mode == "corners" and (len(_CORNERS.value) != 2 or not _TARGET.value):
        raise InputError(
            f"--corners={','.join(_CORNERS.value)}: four images are needed: --source, --target and --corners=C,D"
        )
    if _PASTE_BACK.value and mode != "path":
        raise InputError(f"--paste_back belongs to --mode=path, not to --mode={mode}; change one of them")
    if _PASTE_BACK.value and ending in STILL and _FRAMES.value:
        raise InputError(
            f"--frames={_FRAMES.value}: --paste_back into a {ending} shows the end only; leave --frames out"
        )
    for flag, given in (("no_align", _NO_ALIGN.value), ("crop=center", _CROP.value == "center")):
        if _FACE.value and given:
            raise InputError(f"--face: no face is looked for with --{flag}; leave one of them out")
    _faces(len(names))
    return ending, [(name, photos.check(name, _CROP.value if _NO_ALIGN.value else "center")) for name in names]


def _faces(images: int) -> list[int | None]:
    """Which face of each image --face chooses; None where it is silent."""
    given = _FACE.value
    if not given:
        return [None] * images
    if not all(text.isdecimal() and int(text) for text in given) or len(given) not in (1, images):
        each = f", or {images} such numbers, one for each image" * (images > 1)
        raise InputError(f"--face={','.join(given)}: give 1 for the leftmost face{each}")
    return [int(text) for text in given] * (images // len(given))


def _taken(model, opened: Sequence[tuple[str, photos.Decoded | None]]) -> list[framing.Framed]:
    """The input images in the model's frame. What was done to them is told on stderr, a line for each."""
    size, frame = model.info["image_size"], None if _NO_ALIGN.value else alignment.trained_in(model.info)
    unknown = "this model does not say where eyes belong; train with --eyes"
    if _FACE.value and not frame:
        raise InputError(f"--face={','.join(_FACE.value)}: no face is looked for, as {unknown}, or leave it out")
    taken = []
    for (name, picture), face in zip(opened, _faces(len(opened)), strict=True):
        photo = framing.load(name, size, frame, _CROP.value, face, picture)
        placed = frame or _NO_ALIGN.value or photo.whole.shape[:2] == (size, size)
        remarks = [*photo.remarks, *([] if placed else [f"taken as it is ({unknown})"])]
        if remarks:
            print(f"{name}: {'; '.join(remarks)}", file=sys.stderr)
        taken.append(photo)
    return taken


def _check_memory(frames: int, photo: framing.Framed) -> None:
    height, width = photo.whole.shape[:2]
    if frames > (most := GIF_PIXELS // (height * width)):
        raise InputError(
            f"--frames={frames}: of whole photos, here {width}x{height} pixels, a .gif has at most {most} frames; give "
            "fewer, or --out=FILE.mp4"
        )


def _between(images, frames, labels) -> tuple[list, list[str], list[int]]:
    """Frames between the images they come from, the labels of all, and how many cells stand together."""
    if len(images) == 1:
        return [images[0], *frames], ["source", *labels], [1, len(frames)]
    return [images[0], *frames, images[1]], ["source", *labels, "target"], [1, len(frames), 1]


def _ramp(end: np.ndarray, frames: int) -> np.ndarray:
    """(N, C) float32: even steps from exactly 0 to exactly `end` (C,)."""
    return (np.linspace(0, 1, frames)[:, None] * end).astype(np.float32)


def _number(value: float) -> str:
    return f"{value + 0.0:.3g}"  # adding 0 turns -0 into 0


def _vector(flag: str, text: str, model) -> np.ndarray:
    """Strengths (C,) float32 from the text of a flag; without a target, wishes (K,)."""
    from tf_homo.serving import LARGEST

    info = model.info
    if _TARGET.value:
        vector = attributes.strengths(text, info["groups"], info["branches"], flag)
    else:
        vector = attributes.wishes(text, info["leads"], info["groups"], info["attributes"], flag)
        for said in attributes.meant(text, info["leads"]):
            print(f"--{flag}: {said}, as there is no target", file=sys.stderr)
    if not (np.abs(vector) <= LARGEST).all():
        raise InputError(f"--{flag}={text}: has a number beyond {LARGEST:g}; past 1 a strength exaggerates, 2 is much")
    if (np.abs(vector) > 2).any():
        print(f"--{flag}={text}: past 1 a strength exaggerates; beyond 2 pictures come apart", file=sys.stderr)
    return vector


def _columns(model, target: bool) -> list[str]:
    """What strengths stand for: branches with a target, attributes without."""
    return model.info["branches" if target else "attributes"]


def _everything(model) -> str:
    """The --strength that is meant where none is given."""
    if _TARGET.value:
        return f"{attributes.ALL}=1"
    if _MODE.value == "branches":
        return ",".join(f"{lead}=1" for lead in model.info["leads"].values())
    if _MODE.value == "grid":
        return ""
    raise InputError("--strength is missing: without a --target say what to change, for instance --strength=Smiling=1")


def _axes(model) -> tuple[np.ndarray, np.ndarray]:
    """Strengths (C,) of --x and --y at their far ends; a name without a value counts as 1."""
    x, y = (
        _vector(flag, ",".join(part if "=" in part else f"{part}=1" for part in text.split(",")), model)
        for flag, text in (("x", _X.value), ("y", _Y.value))
    )
    both = [name for name, i, j in zip(_columns(model, bool(_TARGET.value)), x, y, strict=True) if i and j]
    if both:
        raise InputError(f"--x={_X.value} and --y={_Y.value} both move {both[0]}; name different branches")
    return x, y


if __name__ == "__main__":
    errors.run(main)
