"""Records of each attempt to read a region, and the log line of each request."""
