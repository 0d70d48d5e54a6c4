"""HTTP connections with a deadline, to permitted hosts only."""
