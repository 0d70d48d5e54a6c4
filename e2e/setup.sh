#!/usr/bin/env bash
# Installs what the end-to-end tests need beside the test requirements: Label Studio in a venv of its own, and Chromium.
# Does nothing where both are there already. "e2e/setup.sh label-studio" leaves the browser out.
#   VENV               the venv of this repository (default: .venv); its Python is used
#   LABEL_STUDIO_VENV  where Label Studio goes (default: .venv-label-studio)
#   CHROMIUM           the browser (default: the first of chromium, chromium-browser, google-chrome)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

venv=${VENV:-.venv}
label_studio_venv=${LABEL_STUDIO_VENV:-.venv-label-studio}
wanted=e2e/requirements-label-studio.txt
installed=$label_studio_venv/installed.txt

if ! cmp --silent "$wanted" "$installed"; then
  echo "Installing Label Studio into $label_studio_venv"
  rm -rf "$label_studio_venv"
  "$venv/bin/python" -m venv "$label_studio_venv"
  # With what older Pythons need beside it. Quiet twice: pip has opinions about how some of it was packaged.
  "$label_studio_venv/bin/pip" install --quiet --quiet --disable-pip-version-check --requirement "$wanted"
  cp "$wanted" "$installed"
fi

[ "${1:-}" != label-studio ] || exit 0

if [ -z "${CHROMIUM:-}" ] && ! command -v chromium chromium-browser google-chrome >/dev/null; then
  if ! command -v apt-get >/dev/null || [ "$(id -u)" -ne 0 ]; then
    echo "No Chromium found: install it, or name a browser with CHROMIUM=/path/to/chrome" >&2
    exit 1
  fi
  echo "Installing Chromium"
  # Somebody else can be installing something at the same time.
  apt-get update -qq -o DPkg::Lock::Timeout=300
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300 \
    chromium >/dev/null
fi
