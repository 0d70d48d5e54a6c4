"""End-to-end tests: a real Label Studio, a real browser, this backend."""
