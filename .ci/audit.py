"""Check the locked packages for known vulnerabilities (osv.dev) and yanked releases (PyPI).

A finding fails the check. A service that cannot be reached is reported and does not fail it, and the other service is
still queried. ``UV`` is the path of the uv program.
"""

import os
import subprocess
import sys
import tempfile

# uv's messages if a service does not answer, or if a proxy answers in its place.
_UNREACHABLE = ("error sending request", "HTTP status server error", "HTTP status client error", "timed out")


def main() -> int:
    """Run both checks and return the exit status."""
    uv = os.environ.get("UV", "uv")
    known = _ask("Vulnerabilities", [uv, "audit", "--frozen", "--preview-features", "audit-command"])
    with tempfile.TemporaryDirectory() as target:
        install = [uv, "pip", "install", "--dry-run", "--no-deps", "--target", target, "-r", "requirements/bench.txt"]
        withdrawn = _ask("Withdrawn releases", install, sign="is yanked")
    return int(known or withdrawn)


def _ask(what: str, command: list[str], sign: str = "") -> bool:
    """Return whether there are findings: lines that contain ``sign``, or exit status 1 without one."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own uv
    said = done.stdout + done.stderr
    found = [line for line in said.splitlines() if sign and sign in line]
    if found or (done.returncode == 1 and not sign):
        print(f"{what}: found.", *(found or [said]), sep="\n")
        return True
    if done.returncode and any(each in said for each in _UNREACHABLE):
        print(f"{what}: not checked, since the service could not be reached.")
        return False
    if done.returncode:
        print(f"{what}: the check itself failed.", said, sep="\n")
        return True
    print(f"{what}: none.")
    return False


if __name__ == "__main__":
    sys.exit(main())
