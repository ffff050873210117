"""Tells which animal is which: fingerprints of crops, identities of tracklets, individuals that were met before."""
