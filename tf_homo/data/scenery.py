"""What stands around a drawn face: background and clothes; and the colour helpers of all parts."""

import numpy as np

from tf_homo.data.canvas import catmull_rom, ellipse, line, mirror, stroke

_BACKGROUNDS = (
    (238, 214, 190), (244, 190, 160), (232, 160, 150), (206, 170, 200), (160, 172, 220), (140, 196, 216),
    (150, 206, 186), (190, 214, 150), (240, 222, 150),
)  # fmt: skip
_CLOTHES = (
    (196, 72, 66), (226, 142, 60), (236, 198, 92), (96, 150, 104), (52, 132, 138), (58, 96, 160),
    (106, 84, 156), (188, 92, 140),
)  # fmt: skip


def colour(rgb):
    """float32 (3,) in [0, 255]."""
    return np.array(rgb, np.float32)


def mix(a, b, t):
    """The colour the share t of the way from a to b."""
    return a + (b - a) * np.float32(t)


def _around(colours, t):
    """The colour at t in [0, 1) of a ring of colours."""
    place = t * len(colours)
    first = int(place) % len(colours)
    return mix(colour(colours[first]), colour(colours[(first + 1) % len(colours)]), place - int(place))


def background(canvas, n):
    """White in one picture of ten; else plain, a gradient, soft blobs or stripes."""
    style = n.background_style
    if style < 0.1:
        canvas.image[:] = 255
        return
    dusk = max(0.0, 0.75 - 2.5 * n.background_value)
    first = mix(_around(_BACKGROUNDS, n.background_colour), colour((44, 54, 92)), dusk)
    canvas.image[:] = first[:, None, None]
    second = mix(
        mix(_around(_BACKGROUNDS, n.background_second), colour((255, 255, 255)), 0.25), colour((70, 84, 130)), dusk
    )
    if style < 0.35:
        return
    # In the frame, not in the face: a tilted head does not tilt the room.
    pixels = ((np.arange(canvas.size) + 0.5) / canvas.size).astype(np.float32)
    x, y = pixels[None, :], pixels[:, None]
    slope = np.float32(2 * n.background_angle - 1)
    if style < 0.65:
        share = np.clip(np.float32(0.5) + (y - np.float32(0.5)) + slope * (x - np.float32(0.5)), 0, 1)
    elif style < 0.82:
        share = np.zeros((canvas.size, canvas.size), np.float32)
        for i in range(5):
            u = (n.background_phase * 7 + i * 0.381966) % 1.0
            v = (n.background_angle * 5 + i * 0.618034 + 0.17 * i * i) % 1.0
            radius = 0.16 + 0.05 * i
            dx, dy = (x - np.float32(u)) / np.float32(radius), (y - np.float32(v)) / np.float32(radius)
            spot = np.maximum(1 - dx * dx - dy * dy, 0)
            share = np.maximum(share, spot * (2 - spot))
        share = share * np.float32(0.75)
    else:
        place = (x + slope * y) * np.float32(4.5) + np.float32(n.background_phase)
        wave = np.abs((place - np.floor(place)) * 2 - 1)
        share = np.clip((wave - np.float32(0.5)) * np.float32(canvas.size / 18) + np.float32(0.5), 0, 1) * np.float32(
            0.5
        )
    canvas.image += share * (second[:, None, None] - canvas.image)


def clothes(canvas, n, label):
    """Shoulders in one of five styles: round neck, V, shirt collar, roll neck, stripes."""
    style = min(int(n.clothes_style * 5), 4)
    tone = _around(_CLOTHES, n.clothes_colour) * np.float32(0.55 + 0.5 * n.clothes_value)
    if n.clothes_value > 0.85:
        tone = mix(tone, colour((240, 236, 228)), 0.8)
    second = mix(_around(_CLOTHES, n.clothes_second), colour((250, 244, 232)), 0.55)
    dark = tone * np.float32(0.72)
    deep = (0.475, 0.52, 0.475, 0.40, 0.475)[style]
    neck = (0.150, 0.130, 0.150, 0.165, 0.150)[style]
    edge = catmull_rom(
        [(0.0, deep), (neck * 0.6, deep - (0.016 if style != 1 else 0.055)), (neck, 0.415 if style != 3 else 0.385)]
    )
    if style == 3:
        edge = np.array([(0.0, 0.412), (0.10, 0.402), (neck, 0.385)])
    shoulder = catmull_rom(
        [(neck + 0.005, 0.412 if style != 3 else 0.39), (0.26, 0.448), (0.40, 0.495), (0.50, 0.60), (0.54, 0.75)]
    )
    half = np.concatenate([edge, shoulder, [(0.0, 0.75)]])
    body = np.concatenate([half, mirror(half)[::-1]])
    clip = canvas.fill(body, tone, label=label, keep=True)
    if style == 4:
        for y in (0.50, 0.56):
            canvas.fill(np.array([(-0.7, y), (0.7, y), (0.7, y + 0.028), (-0.7, y + 0.028)]), second, clip=clip)
    if style == 2:
        flap = np.array([(0.0, 0.50), (0.128, 0.385), (0.172, 0.43), (0.085, 0.55)])
        canvas.fill([flap, mirror(flap)], second, label=label)
        canvas.fill(ellipse(0, 0.535, 0.010, 0.010), second)
    elif style == 3:
        fold = line(((-0.17, 0.435), (-0.09, 0.462), (0, 0.47), (0.09, 0.462), (0.17, 0.435)), 0.014)
        canvas.fill(fold, dark, 0.9, clip=clip)
    else:
        hem = np.concatenate([mirror(edge)[:0:-1], edge]) + (0, 0.010)
        canvas.fill(stroke(hem, 0.022, 0.0), second if style == 0 else dark, clip=clip)
    arms = line(((0.33, 0.49), (0.345, 0.54), (0.34, 0.60)), 0.014)
    canvas.fill([arms, mirror(arms)], dark, 0.6)
