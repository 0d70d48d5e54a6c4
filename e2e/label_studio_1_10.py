"""Label Studio 1.10, the oldest tested version: differences of its server and front end from the current version."""

from label_studio_sdk import LabelStudio
from playwright.sync_api import Locator, expect

from e2e.annotator import Annotator
from e2e.label_studio import LEGACY_TOKEN, LabelStudioServer

# The toggles and buttons of this release have no test ids.
_ON_BAR = {
    "auto-annotation-toggle": ".lsf-dynamic-preannotations .lsf-toggle__input",
    # This one floats above the page.
    "auto-accept-toggle": ".lsf-dynamic-preannotations-control input",
    "accept-suggestions-button": ".lsf-dynamic-preannotations__action_type_accept",
    "submit-button": ".lsf-controls [aria-label=submit]",
    "update-button": ".lsf-controls [aria-label=submit]",
}


class LabelStudio110Server(LabelStudioServer):
    """A Label Studio 1.10. Its only tokens are legacy tokens."""

    VENV = ("LABEL_STUDIO_1_10_VENV", ".venv-label-studio-1.10")

    def start(self) -> None:
        """Start it and log in.

        Raises:
            AssertionError: if it is not installed, or does not start.
        """
        assert self.program.exists(), (
            "Label Studio 1.10.1 is not installed. It needs Python 3.10, 3.11 or 3.12: name one with"
            " LABEL_STUDIO_1_10_PYTHON and run e2e/setup.sh."
        )
        self.server.start()
        self._log_in()
        self.api = LabelStudio(base_url=self.url, api_key=LEGACY_TOKEN)


class Annotator110(Annotator):
    """An annotator with the front end of Label Studio 1.10."""

    def _on_bar(self, name: str) -> Locator:
        return self.tab.locator(_ON_BAR[name])

    def _picture(self, image: int) -> Locator:
        return self.tab.locator(".lsf-object img[alt=LS]").nth(image)

    def expect_suggestions(self, count: int) -> None:
        """Wait until there are suggestions, or none; this front end does not show their number."""
        expect(self._on_bar("accept-suggestions-button")).to_have_count(min(count, 1), timeout=30_000)
