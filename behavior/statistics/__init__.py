"""Numbers that describe what animals did: bouts, time bins, transitions, groups."""
