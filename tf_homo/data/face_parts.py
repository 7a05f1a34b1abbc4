"""The parts of a drawn face, each painted in proportion to the strengths, and `paint`, which puts them together."""

import numpy as np

from tf_homo.data import hair_parts
from tf_homo.data.canvas import catmull_rom, ellipse, line, mirror, stroke
from tf_homo.data.portrait import CLOTHES, EYES, GLASSES, LIPS, SKIN, Portrait, lerp, mix_many, pair
from tf_homo.data.scenery import background, clothes, colour, mix

_IRISES = ((70, 44, 28), (120, 78, 38), (92, 120, 62), (60, 124, 120), (64, 120, 182))
_EYE = 0.113


def paint(canvas, strengths, nuisance):
    """Paints the whole portrait; returns the five landmarks (5, 2) in face coordinates."""
    p = Portrait(canvas, strengths, nuisance)
    background(canvas, nuisance)
    hair_parts.back_hair(p)
    _neck(p)
    clothes(canvas, nuisance, CLOTHES)
    hair_parts.locks(p)
    _head(p)
    _age(p)
    _makeup(p)
    hair_parts.beard(p)
    corners = _mouth(p)
    tip = _nose(p)
    _eyes(p)
    hair_parts.front_hair(p)
    hair_parts.brows(p)
    _glasses(p)
    return np.array([(-_EYE, 0.0), (_EYE, 0.0), tip, (-corners[0], corners[1]), corners])


def _neck(p):
    half = lerp(0.092, 0.142, p.male) + 0.022 * p.chubby
    right = catmull_rom([(half, 0.18), (half, 0.36), (half + 0.012, 0.42), (half + 0.09, 0.49), (half + 0.12, 0.6)])
    neck = np.concatenate([right, mirror(right)[::-1]])
    clip = p.canvas.fill(neck, p.skin_lit, label=SKIN, keep=True)
    shade = p.head * (0.94, 1.0) + (0.018 * p.side, 0.045)
    p.canvas.fill(shade, p.skin_dark, 0.75, clip=clip)
    if p.chubby > 0:
        chin = ellipse(0, 0.335 * p.long, 0.155, 0.082)
        p.canvas.fill(chin, p.skin_lit, p.chubby, SKIN)
        fold = catmull_rom(
            [
                (-0.13, 0.365 * p.long),
                (-0.075, 0.404 * p.long),
                (0, 0.418 * p.long),
                (0.075, 0.404 * p.long),
                (0.13, 0.365 * p.long),
            ]
        )
        p.canvas.fill(stroke(fold, 0.014), p.skin_line, 0.8 * p.chubby)


def _head(p):
    canvas, head = p.canvas, p.head
    p.face = canvas.fill(head, p.skin_lit, label=SKIN, keep=True)
    # The shaded cheek: the head without a copy of itself moved towards the light.
    lit = (head - (0, 0.03)) * (0.97, 1.0) + (-p.side * lerp(0.035, 0.07, p.depth), 0.0)
    canvas.fill([head, lit], p.skin_dark, lerp(0.25, 0.55, p.depth), clip=p.face * (1 - canvas.coverage(lit)))
    for sign in (-1, 1):
        canvas.glow(sign * 0.135, 0.135, 0.085, 0.07, colour((236, 112, 96)), 0.22, p.face)
    canvas.glow(-p.side * 0.06, -0.14, 0.13, 0.1, p.skin_light, 0.5, p.face)


def _age(p):
    """Folds from nose to mouth, bags under the eyes, crow's feet, lines on the forehead; their opacity is the age."""
    if p.old == 0:
        return
    fold = line(((0.058, 0.118), (0.098, 0.155), (0.128, 0.205), (0.134, 0.258)), 0.019, 0.75)
    bag = line(((0.058, 0.040), (0.085, 0.064), (0.122, 0.070), (0.160, 0.052)), 0.017, 0.8)
    hollow = line(((0.185, 0.095), (0.168, 0.125), (0.164, 0.165), (0.172, 0.20)), 0.014, 0.8)
    feet = [
        line(((0.182, y0), (0.199, (y0 + y1) / 2), (0.218, y1)), 0.011, 0.5)
        for y0, y1 in ((-0.012, -0.034), (0.006, 0.006), (0.022, 0.044))
    ]
    brow = [
        line(((-0.11, y + 0.006), (-0.055, y - 0.004), (0, y), (0.055, y - 0.004), (0.11, y + 0.006)), 0.011, 0.6)
        for y in (-0.135, -0.164)
    ]
    for shapes, strength in (
        (pair(fold), 0.95),
        (pair(bag), 0.9),
        (pair(hollow), 0.5),
        ([q for f in feet for q in pair(f)], 0.85),
        (brow, 0.7),
    ):
        p.canvas.fill(shapes, p.skin_line, strength * p.old, clip=p.face)


def _makeup(p):
    made = p.s["Heavy_Makeup"]
    for sign in (-1, 1):
        p.canvas.glow(sign * 0.155, 0.125, 0.095, 0.075, colour((232, 72, 104)), 0.66 * made, p.face)
    shadow = catmull_rom(
        [(0.052, -0.004), (0.066, -0.044), (0.112, -0.066), (0.160, -0.056), (0.184, -0.026), (0.166, -0.004)], True
    )
    p.canvas.fill(pair(shadow), colour((150, 70, 168)), 0.8 * made)


def _mouth(p):
    """Lips, and between them teeth and dark; returns the right corner (x, y)."""
    smile, gap, made = p.s["Smiling"], p.s["Mouth_Slightly_Open"], p.s["Heavy_Makeup"]
    wide = lerp(0.080, 0.116, smile)
    corner = lerp(0.244, 0.206, smile)
    middle = lerp(0.237, 0.246, smile)
    upper = middle - 0.018 * gap
    lower = middle + 0.044 * gap
    thick_up, thick_low = lerp(0.021, 0.018, smile), lerp(0.031, 0.027, smile)
    top_line = catmull_rom(
        [
            (-wide, corner),
            (-0.5 * wide, lerp(corner, upper, 0.74)),
            (0, upper),
            (0.5 * wide, lerp(corner, upper, 0.74)),
            (wide, corner),
        ]
    )
    low_line = catmull_rom(
        [
            (-wide, corner),
            (-0.5 * wide, lerp(corner, lower, 0.78)),
            (0, lower),
            (0.5 * wide, lerp(corner, lower, 0.78)),
            (wide, corner),
        ]
    )
    bow = lerp(corner, upper, 0.86) - thick_up
    top_edge = catmull_rom(
        [
            (-wide - 0.006, corner),
            (-0.5 * wide, lerp(corner, bow, 0.72)),
            (-0.2 * wide, bow - 0.004),
            (0, bow + 0.003),
            (0.2 * wide, bow - 0.004),
            (0.5 * wide, lerp(corner, bow, 0.72)),
            (wide + 0.006, corner),
        ]
    )
    low_edge = catmull_rom(
        [
            (-wide - 0.006, corner),
            (-0.5 * wide, lerp(corner, lower, 0.80) + 0.82 * thick_low),
            (0, lower + thick_low),
            (0.5 * wide, lerp(corner, lower, 0.80) + 0.82 * thick_low),
            (wide + 0.006, corner),
        ]
    )
    plain = mix(_lip(p), p.skin, 0.25)
    lip = mix(plain, colour((206, 20, 52)), made)
    canvas = p.canvas
    canvas.fill(np.concatenate([top_edge, low_edge[::-1]]), lip, label=LIPS, seen=0.3)
    canvas.fill(np.concatenate([top_edge, top_line[::-1]]), lip * np.float32(0.84), 0.8)
    inside = np.concatenate([top_line, low_line[::-1]])
    if gap > 0:
        clip = canvas.fill(inside, colour((84, 22, 30)), keep=True)
        canvas.glow(0, lower + 0.004, wide * 0.6, 0.03, colour((206, 92, 92)), 0.9, clip)
        teeth = np.concatenate([top_line, (top_line + (0, 0.030 * gap))[::-1]])
        canvas.fill(teeth, colour((250, 246, 238)), clip=clip)
    canvas.fill(stroke(top_line, 0.011, 0.6), lip * np.float32(0.45), 0.85 * (1 - 0.6 * gap))
    shine = catmull_rom(
        [(-0.32 * wide, lower + 0.5 * thick_low), (0, lower + 0.58 * thick_low), (0.32 * wide, lower + 0.5 * thick_low)]
    )
    canvas.fill(stroke(shine, 0.010), colour((255, 236, 228)), 0.3)
    dimple = stroke(
        catmull_rom([(wide + 0.012, corner - 0.024), (wide + 0.024, corner - 0.004), (wide + 0.016, corner + 0.020)]),
        0.012,
        0.7,
    )
    canvas.fill(pair(dimple), p.skin_line, 0.75 * smile)
    return wide, corner


def _lip(p):
    return mix(p.skin * colour((0.86, 0.56, 0.54)), colour((196, 92, 88)), lerp(0.25, 0.65, p.n.lip_colour))


def _nose(p):
    """Returns the tip (x, y)."""
    big = p.s["Big_Nose"]
    wing, tip = lerp(0.033, 0.066, big), lerp(0.108, 0.126, big)
    ridge = lerp(0.014, 0.024, big)
    canvas = p.canvas
    side = p.side
    shade = catmull_rom(
        [
            (side * ridge, -0.02),
            (side * (ridge + 0.004), 0.03),
            (side * wing, tip - 0.026),
            (side * wing * 0.9, tip + 0.010),
            (0, tip + 0.016),
            (side * 0.006, tip - 0.02),
            (side * 0.004, 0.02),
        ],
        True,
    )
    canvas.fill(shade, p.skin_dark, 0.8)
    ball = catmull_rom(
        [
            (-wing, tip - 0.002),
            (-wing * 0.86, tip - 0.026),
            (-wing * 0.4, tip - 0.03),
            (0, tip - 0.046),
            (wing * 0.4, tip - 0.03),
            (wing * 0.86, tip - 0.026),
            (wing, tip - 0.002),
            (wing * 0.6, tip + 0.012),
            (0, tip + 0.018),
            (-wing * 0.6, tip + 0.012),
        ],
        True,
    )
    canvas.fill(ball, mix(p.skin, colour((232, 110, 90)), 0.16), 0.75)
    under = catmull_rom(
        [
            (-wing - 0.002, tip - 0.018),
            (-wing, tip + 0.004),
            (-wing * 0.55, tip + 0.013),
            (0, tip + 0.020),
            (wing * 0.55, tip + 0.013),
            (wing, tip + 0.004),
            (wing + 0.002, tip - 0.018),
        ]
    )
    canvas.fill(stroke(under, 0.014, 0.45), p.skin_line, 0.85)
    canvas.fill(pair(ellipse(wing * 0.46, tip + 0.009, 0.011, 0.006)), p.skin_line * np.float32(0.6), 0.9)
    canvas.glow(-side * 0.006, tip - 0.018, lerp(0.018, 0.03, big), 0.02, p.skin_light, 0.95)
    bridge = stroke(catmull_rom([(-side * 0.004, -0.01), (-side * 0.005, 0.03), (-side * 0.005, tip - 0.04)]), 0.014)
    canvas.fill(bridge, p.skin_light, 0.55)
    return (0.0, tip)


def _eyes(p):
    canvas, smile, made = p.canvas, p.s["Smiling"], p.s["Heavy_Makeup"]
    k = lerp(0.94, 1.06, p.n.eye_size)
    top, low = -0.038 * k + 0.003 * smile, 0.030 * k - 0.008 * smile
    upper = catmull_rom([(-0.056, 0.010), (-0.034, 0.62 * top), (0.0, top), (0.034, 0.76 * top), (0.058, -0.004)])
    lower = catmull_rom([(0.058, -0.004), (0.03, 0.86 * low), (-0.004, low), (-0.034, 0.8 * low), (-0.056, 0.010)])
    upper, lower = upper + (_EYE, 0), lower + (_EYE, 0)
    eye = np.concatenate([upper, lower[1:]])
    clip = canvas.fill(pair(eye), colour((250, 248, 244)), label=EYES, keep=True)
    iris = mix_many(_IRISES, p.n.eye_colour)
    canvas.fill(pair(ellipse(_EYE, -0.006, 0.0325, 0.0325)), iris * np.float32(0.72), clip=clip)
    canvas.fill(pair(ellipse(_EYE, -0.002, 0.026, 0.026)), mix(iris, colour((255, 240, 210)), 0.16), clip=clip)
    canvas.fill(pair(ellipse(_EYE, -0.006, 0.015, 0.015)), colour((18, 14, 18)), clip=clip)
    canvas.fill(
        [ellipse(s * _EYE - p.side * 0.010, -0.013, 0.009, 0.009) for s in (-1, 1)],
        colour((255, 255, 255)),
        0.95,
        clip=clip,
    )
    canvas.fill(pair(stroke(upper + (0, 0.010), 0.014, 0.4)), colour((120, 90, 90)), 0.3, clip=clip)
    lash = colour((44, 26, 26))
    canvas.fill(pair(stroke(upper, lerp(0.017, 0.011, p.male) + 0.004 * made, 0.45)), lash, 0.92, EYES)
    wing = line(((_EYE + 0.044, -0.016), (_EYE + 0.062, -0.022), (_EYE + 0.078, -0.036)), 0.017, 0.8)
    canvas.fill(pair(wing), lash, 0.95 * (1 - p.male))
    canvas.fill(pair(stroke(lower, 0.007, 0.5)), p.skin_line, 0.6)
    crease = stroke(upper * (1.0, 0.9) + (0, -0.018), 0.009, 0.8)
    canvas.fill(pair(crease), p.skin_line, 0.45)


def _glasses(p):
    worn = p.s["Eyeglasses"]
    if worn == 0:
        return
    canvas = p.canvas
    frame = mix(colour((28, 28, 38)), colour((120, 28, 36)), p.n.frame_colour * 0.7)
    shape = np.array(
        [
            (-0.082, -0.034),
            (-0.06, -0.058),
            (0.0, -0.063),
            (0.062, -0.060),
            (0.086, -0.036),
            (0.082, 0.026),
            (0.05, 0.066),
            (0.0, 0.074),
            (-0.05, 0.066),
            (-0.078, 0.028),
        ]
    )
    rim = catmull_rom(shape, True) + (_EYE + 0.002, 0.006)
    lens = catmull_rom(shape * (0.83, 0.80), True) + (_EYE + 0.002, 0.006)
    canvas.fill(pair(lens), colour((206, 230, 246)), 0.17 * worn)
    label = GLASSES if worn > 0.5 else None
    canvas.fill([*pair(rim), *pair(lens)], frame, 0.94 * worn, label, seen=0.35)
    bridge = line(((-0.034, -0.012), (0, -0.022), (0.034, -0.012)), 0.015, 0.2)
    arm = stroke(np.array([(0.192, -0.022), (0.215, -0.024), (p.jaw[16, 0] + 0.012, -0.022)]), 0.015, 0.0)
    canvas.fill([bridge, *pair(arm)], frame, 0.94 * worn, label, seen=0.35)
    glint = np.array([(-0.045, 0.03), (-0.012, -0.04), (0.008, -0.04), (-0.025, 0.03)])
    canvas.fill([glint + (s * _EYE, 0) for s in (-1, 1)], colour((255, 255, 255)), 0.22 * worn)
