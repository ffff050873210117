"""Pose files of trackers: one module per format; `files.pose` tells which one a file has."""
