"""What the parts of a drawn face share: its colours, its outlines, and the names of the mask.

Coordinates are canvas.py's: the origin between the eyes, x to the right, y down, the frame's width as unit. The chin
lies near y = 0.37, the crown near y = -0.35.
"""

import numpy as np

from tf_homo.data.canvas import catmull_rom, mirror, ripple
from tf_homo.data.scenery import colour, mix

MASK_CLASSES = ("background", "skin", "hair", "eyes", "brows", "lips", "glasses", "clothes")
BACKGROUND, SKIN, HAIR, EYES, BROWS, LIPS, GLASSES, CLOTHES = range(len(MASK_CLASSES))

# Affinely independent, so that the four weights can be read off the mean.
_HAIR = {
    "Black_Hair": (36, 31, 40),
    "Blond_Hair": (236, 194, 104),
    "Brown_Hair": (140, 66, 32),
    "Gray_Hair": (184, 188, 198),
}
_SKINS = ((104, 66, 48), (150, 98, 68), (198, 140, 100), (230, 180, 142), (248, 214, 190))


def lerp(a, b, t):
    """The number the share t of the way from a to b."""
    return a + (b - a) * t


def pair(points):
    """A part and its mirror image, painted at once."""
    return [points, mirror(points)]


def mix_many(colours, t):
    """The colour at t in [0, 1) of a row of colours."""
    place = t * (len(colours) - 1)
    first = min(int(place), len(colours) - 2)
    return mix(colour(colours[first]), colour(colours[first + 1]), place - first)


class Portrait:
    """What the parts share: strengths by name, nuisance, colours, and the outlines that several parts follow."""

    def __init__(self, canvas, strengths, nuisance):
        self.canvas, self.s, self.n = canvas, strengths, nuisance
        self.male, self.chubby, self.old = strengths["Male"], strengths["Chubby"], 1 - strengths["Young"]
        self.side = 1.0 if nuisance.light_side < 0.5 else -1.0  # of the shade; how deep it is, is below
        self.depth = abs(nuisance.light_side - 0.5) * 2
        bright = lerp(0.93, 1.05, nuisance.brightness)
        weights = sum(strengths[name] for name in _HAIR)
        self.hair = sum(colour(c) * np.float32(strengths[name] / weights) for name, c in _HAIR.items())
        self.hair_dark = self.hair * np.float32(0.68)
        self.hair_light = mix(self.hair, colour((255, 236, 214)), 0.26)
        skin = mix_many(_SKINS, nuisance.skin) + np.array([0, lerp(-5, 4, nuisance.skin_warmth), 0], np.float32)
        self.skin = skin * np.float32(bright)
        self.skin_dark = self.skin * colour((0.80, 0.70, 0.68))
        self.skin_line = self.skin * colour((0.56, 0.44, 0.42))
        self.skin_light = mix(self.skin, colour((255, 246, 232)), 0.35)
        across = np.float32(-self.side * 0.10 * self.depth / 0.28)
        self.skin_lit = self.skin[:, None, None] * (1 + across * np.clip(canvas.x, -0.4, 0.4))
        self.long = lerp(0.965, 1.035, nuisance.face_length)
        self.jaw = self._jaw()
        self.head = np.concatenate([self.jaw, mirror(self.jaw)[-2:0:-1]])
        self.outer = self._outer()

    def _jaw(self):
        """The right half of the head's outline, from the crown to the chin."""
        m, c, k, o = self.male, self.chubby, self.long, self.old
        points = np.array(
            [
                (0.0, -0.288),
                (0.115, -0.272),
                (0.197 + 0.006 * c, -0.195),
                (0.232 + 0.018 * c, -0.065),
                (0.232 + 0.040 * c, 0.065),
                (0.211 + 0.054 * c + 0.010 * m, 0.175 * k),
                (0.148 + 0.052 * c + 0.036 * m + 0.006 * o, (0.276 + 0.012 * m + 0.010 * o) * k),
                (0.068 + 0.024 * c + 0.036 * m, (0.346 + 0.012 * m) * k),
                (0.0, (0.368 + 0.010 * m) * k),
            ]
        )
        return catmull_rom(points)

    def _outer(self):
        """The right half of the hair's outline, from the crown down to its length: (N, 2)."""
        m, c = self.male, self.chubby
        up = lerp(-0.012, 0.012, self.n.hair_volume)
        wide = 0.026 * c - up
        # Long hair covers more with each step of its length than short hair does: it is cut more slowly at first.
        length = lerp(0.465, 0.015, m * (0.72 + 0.28 * m))
        x = lerp(0.292, 0.252, m) + wide
        points = np.array(
            [
                (0.0, -0.352 - up),
                (0.145 + 0.4 * wide, -0.318 - up),
                (0.238 + 0.8 * wide, -0.215),
                (lerp(0.275, 0.262, m) + wide, -0.085),
                (x, lerp(0.06, -0.035, m)),
                (x + 0.012 * (1 - m), lerp(0.20, -0.015, m)),
                (x + 0.014 * (1 - m), lerp(0.34, 0.0, m)),
                (x - 0.008 * (1 - m), length),
            ]
        )
        return catmull_rom(points, steps=10)

    def wave(self, curve, share=1.0):
        return ripple(curve, 0.0175 * share * self.s["Wavy_Hair"], 0.125, self.n.wave_phase * 0.5)
