"""Per-frame ethograms of mice from video and DeepLabCut pose."""

__version__ = "0.1.0"
