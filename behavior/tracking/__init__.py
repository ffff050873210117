"""Frames to tracks: where the animals of each picture are, and which is which from one to the next."""

from behavior.tracking.association import Associated, AssociationSettings, associate, choose_association
from behavior.tracking.background import BACKGROUNDS, POLARITIES, estimate_background
from behavior.tracking.background_detector import BackgroundDetector
from behavior.tracking.calibration import DetectionSettings, calibrate
from behavior.tracking.detections import Detections, Detector

__all__ = [
    "BACKGROUNDS",
    "POLARITIES",
    "Associated",
    "AssociationSettings",
    "BackgroundDetector",
    "DetectionSettings",
    "Detections",
    "Detector",
    "associate",
    "calibrate",
    "choose_association",
    "estimate_background",
]
