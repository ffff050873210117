"""The search for better settings: the only room that knows Optuna."""
