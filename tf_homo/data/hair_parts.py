"""The hair of a drawn face: behind it, beside it, on the forehead, on the jaw and over the eyes."""

import numpy as np

from tf_homo.data.canvas import catmull_rom, mirror, normals, stroke
from tf_homo.data.portrait import BROWS, HAIR, SKIN, lerp, pair
from tf_homo.data.scenery import colour, mix


def back_hair(p):
    """The hair behind head and neck."""
    outer = p.wave(p.outer)
    p.canvas.fill(np.concatenate([outer, mirror(outer)[::-1]]), p.hair_dark, label=HAIR)


def locks(p):
    """The hair that falls beside the face and over the shoulders, and the ears that shorter hair shows."""
    outer = p.wave(p.outer)[20:]
    down = p.outer[-1][1]
    inner = catmull_rom(
        [
            (0.145, down + 0.012),
            (lerp(0.142, 0.20, p.male) + 0.02 * p.chubby, down - 0.04),
            (0.178, lerp(0.22, -0.03, p.male)),
            (0.17, -0.12),
            (0.13, -0.24),
        ]
    )
    inner = p.wave(inner, 0.6)
    x = p.jaw[20, 0]
    ears = pair(
        catmull_rom(
            [
                (x - 0.02, -0.03),
                (x + 0.022, -0.036),
                (x + 0.034, 0.0),
                (x + 0.022, 0.06),
                (x - 0.005, 0.088),
                (x - 0.03, 0.05),
            ],
            True,
        )
    )
    p.canvas.fill(ears, p.skin_lit, label=SKIN)
    p.canvas.fill([e * (0.97, 0.62) + (0, 0.012) for e in ears], p.skin_dark, 0.55)
    lock = np.concatenate([outer, inner])
    clip = p.canvas.fill(pair(lock), p.hair, label=HAIR, keep=True)
    if p.male < 1:
        _strands(p, clip)


def _strands(p, clip):
    """Lines along the hair: the same ones straight or wavy."""
    way = normals(p.outer)
    for depth, paint_, width in (
        (0.028, p.hair_dark, 0.011),
        (0.054, p.hair_light, 0.013),
        (0.085, p.hair_dark, 0.010),
    ):
        curve = p.wave((p.outer - way * depth)[3:])
        p.canvas.fill(pair(stroke(curve, width, 0.5)), paint_, 0.8, clip=clip)


def beard(p):
    """Beard and moustache; their opacity is their strength."""
    full, moustache = 1 - p.s["No_Beard"], p.s["Mustache"]
    tone = mix(p.hair * np.float32(0.86), colour((70, 40, 30)), 0.14)
    deep = p.hair * np.float32(0.5)
    if full > 0:
        outer = p.jaw[22:]
        outer = outer + np.linspace(0, 1, len(outer))[:, None] * (0.0, 0.028) + (0.004, 0)
        inner = catmull_rom(
            [(0.0, 0.305), (0.052, 0.309), (0.108, 0.288), (0.136, 0.245), (0.158, 0.19), (0.196, 0.115), (0.212, 0.03)]
        )
        whole = np.concatenate([outer, mirror(outer)[-2::-1], mirror(inner)[::-1], inner[1:]])
        p.canvas.fill(whole, tone, 0.96 * full, HAIR)
        hairs = [
            stroke(np.array([(x, y), (x * 0.95, y + 0.022), (x * 0.88, y + 0.04)]), 0.011)
            for x, y in ((0.035, 0.322), (0.088, 0.312), (0.135, 0.275), (0.162, 0.225), (0.19, 0.165))
        ]
        p.canvas.fill([q for h in hairs for q in pair(h)], deep, 0.75 * full, clip=p.face)
        p.canvas.fill(stroke(np.concatenate([mirror(inner)[:0:-1], inner]), 0.011, 0.0), deep, 0.6 * full, clip=p.face)
    if moustache > 0:
        half = catmull_rom(
            [
                (0, 0.160),
                (0.035, 0.150),
                (0.080, 0.172),
                (0.120, 0.214),
                (0.124, 0.232),
                (0.095, 0.222),
                (0.05, 0.208),
                (0, 0.204),
            ]
        )
        p.canvas.fill(np.concatenate([half, mirror(half)[::-1]]), tone, 0.97 * moustache, HAIR)
        under = catmull_rom([(0.0, 0.203), (0.05, 0.207), (0.095, 0.221), (0.123, 0.231)])
        hairs = [
            stroke(np.array(h), 0.010)
            for h in (((0.018, 0.164), (0.03, 0.18), (0.048, 0.196)), ((0.052, 0.166), (0.068, 0.182), (0.09, 0.206)))
        ]
        lines = [stroke(under, 0.012, 0.3), *hairs]
        p.canvas.fill([q for one in lines for q in pair(one)], deep, 0.75 * moustache)


def front_hair(p):
    """The hair from the crown to the hairline, and the fringe."""
    canvas, bangs, bare = p.canvas, p.s["Bangs"], p.s["Receding_Hairline"]
    k = 1 + 0.10 * p.chubby
    part = lerp(-0.03, 0.03, p.n.hair_part)
    sides = np.array(
        [
            (0.064, -0.190 - 0.046 * bare),
            (0.130 * k, -0.172 - 0.106 * bare),
            (0.182 * k, -0.122 - 0.122 * bare),
            (0.211 * k, -0.056 - 0.070 * bare),
            (0.226 * k, 0.004),
        ]
    )
    middle = np.array([(part, -0.196 - 0.020 * bare)])
    inner = catmull_rom(np.concatenate([mirror(sides)[::-1], middle, sides]), steps=6)
    upper = p.outer[p.outer[:, 1] < 0.02]
    outer = p.wave(p.outer)[: len(upper)]
    tip = np.array([(0.236 * k, 0.02)])
    cap = np.concatenate([outer, tip, inner[::-1], mirror(tip), mirror(outer)[:0:-1]])
    clip = canvas.fill(cap, p.hair, label=HAIR, keep=True)
    canvas.fill(stroke(inner + (0, -0.008), 0.012, 0.6), p.hair_dark, 0.7, clip=clip)
    if bangs > 0:
        low = _fringe(p)
        tufts = [(0.112, -0.300), (-0.112, -0.300), (-0.132, low(0.132, -0.134))]
        for x, end in ((-0.100, -0.114), (-0.050, -0.106), (0.0, -0.104), (0.050, -0.106), (0.100, -0.114)):
            tufts += [(x - 0.012, low(x - 0.012, end)), (x + 0.012, low(x + 0.012, end))]
            tufts += [(x + 0.025, low(x + 0.025, end - 0.017))]
        # Its first sixth only fades in: at once, it would hide the dark line along the hairline at any strength.
        canvas.fill(np.array(tufts), p.hair, min(1.0, 6 * bangs), HAIR)
    _strands(p, clip)
    shine = catmull_rom([(-0.17, -0.225), (-0.10, -0.275), (0.0, -0.292), (0.10, -0.275), (0.17, -0.225)])
    canvas.fill(stroke(p.wave(shine, 0.7) - (p.side * 0.035, 0), 0.030, 0.95), p.hair_light, 0.75, clip=clip)
    _fringe_lines(p)


def _fringe(p):
    """Where the fringe's tufts end over x: from inside the hairline down to the brows."""
    bangs, bare = p.s["Bangs"], p.s["Receding_Hairline"]
    return lambda x, end: lerp(-0.202 - 0.022 * bare + (0.17 - 0.68 * bare) * abs(x), end, bangs)


def _fringe_lines(p):
    bangs = p.s["Bangs"]
    if bangs > 0:
        low = _fringe(p)
        lines = []
        for x in (-0.078, -0.027, 0.024, 0.075):
            end = low(x, -0.116)
            lines.append(
                stroke(catmull_rom([(x * 0.8, -0.27), (x * 0.95, lerp(-0.27, end, 0.55)), (x, end)]), 0.009, 0.7)
            )
        p.canvas.fill(lines, p.hair_dark, 0.75 * bangs)


def brows(p):
    """Eyebrows; their thickness is their strength."""
    bushy = p.s["Bushy_Eyebrows"]
    y = lerp(-0.090, -0.074, p.male)
    arch = lerp(0.016, 0.006, p.male)
    curve = catmull_rom([(0.046, y + 0.008), (0.082, y - 0.4 * arch), (0.126, y - arch), (0.178, y + 0.016)])
    tone = mix(p.hair * np.float32(0.62), colour((60, 36, 28)), 0.35)
    t = np.arange(len(curve)) / (len(curve) - 1)
    half = lerp(0.0055, 0.0195, bushy) * (1 - 0.75 * t * t)
    n = normals(curve) * half[:, None]
    p.canvas.fill(pair(np.concatenate([curve + n, (curve - n)[::-1]])), tone, 0.95, BROWS, seen=0.35)
