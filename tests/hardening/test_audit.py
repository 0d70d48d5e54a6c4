"""What the audit of the lock makes of what uv says; uv itself is a stand-in here, since tests ask nobody outside."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.backend import ROOT, clean_environment

UNREACHABLE = "error: Request failed\\n  cause: error sending request for url (https://api.osv.dev/v1/querybatch)"


@pytest.mark.parametrize(
    ("audit", "install", "status", "said"),
    [
        (
            (0, "no known vulnerabilities"),
            (0, "Would install"),
            0,
            "Vulnerabilities: none.\nWithdrawn releases: none.\n",
        ),
        ((1, "flask 3.1.3 GHSA-1"), (0, "Would install"), 1, "Vulnerabilities: found.\nflask 3.1.3 GHSA-1"),
        ((0, ""), (0, 'warning: `attrs==21.1.0` is yanked (reason: "broken")'), 1, "`attrs==21.1.0` is yanked"),
        ((2, UNREACHABLE), (0, "Would install"), 0, "Vulnerabilities: not checked, since the service could not be"),
        ((2, UNREACHABLE), (2, UNREACHABLE), 0, "Withdrawn releases: not checked"),
        ((2, "error: unexpected argument"), (0, ""), 1, "Vulnerabilities: the check itself failed."),
        ((2, UNREACHABLE), (0, "warning: `attrs==21.1.0` is yanked"), 1, "Withdrawn releases: found."),
    ],
)
def test_a_finding_fails_and_a_service_out_of_reach_does_not(
    tmp_path: Path, audit: tuple[int, str], install: tuple[int, str], status: int, said: str
) -> None:
    answers = {"audit": audit, "pip": install}
    uv = tmp_path / "uv"
    uv.write_text(
        f"#!{sys.executable}\nimport sys\nstatus, said = {answers!r}[sys.argv[1]]\n"
        "print(said, file=sys.stderr)\nsys.exit(status)\n"
    )
    uv.chmod(0o755)

    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, ROOT / ".ci" / "audit.py"],
        env=clean_environment(UV=str(uv)),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == status, done
    assert said in done.stdout
