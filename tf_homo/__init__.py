"""Morphing photos along named attributes, at an even pace: training, measuring, exporting, serving."""

__version__ = "0.1.0"
