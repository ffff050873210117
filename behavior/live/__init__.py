"""Pictures as they are taken to the same ethogram: capturing, recording and predicting side by side."""
