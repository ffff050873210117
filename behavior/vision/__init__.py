"""Frames to vectors: crops, backbones, and the engines that run them."""
