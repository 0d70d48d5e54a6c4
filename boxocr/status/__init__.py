"""A page for browsers: how this server is, what it read last, and a page to try it on.

Only imported where ``STATUS_PAGE`` is on. It hangs on the server beside Label Studio's endpoints; nothing of them knows
about it.
"""

from boxocr.status.page import StatusPage

__all__ = ["StatusPage"]
