"""A study's features and labels to predictions out of fold, decisions, a model bundle, and ethograms."""
