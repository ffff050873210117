"""Arrays to pictures: the only room that knows matplotlib. Figures and images are returned; no function touches global state."""

from behavior.figures.ethograms import draw_ethogram
from behavior.figures.rendering import render_png
from behavior.figures.scores import draw_confusion, draw_precision_recall

__all__ = ["draw_confusion", "draw_ethogram", "draw_precision_recall", "render_png"]
