"""The status page for browsers; imported only if ``STATUS_PAGE`` is on."""
