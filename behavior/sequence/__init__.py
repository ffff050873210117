"""Vectors to probabilities: windows, weights, heads, training and inference."""
