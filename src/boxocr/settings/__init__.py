"""Settings from the environment, and the values that they accept."""
