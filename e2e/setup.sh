#!/usr/bin/env bash
# Installs the requirements of the end-to-end tests in addition to the test requirements: the newest and the oldest Label
# Studio, each in its own venv with a migrated database, and Chromium. Does nothing if they are installed.
# "e2e/setup.sh label-studio" installs only the newest Label Studio.
#   VENV               the venv of this repository (default: .venv); its Python is used
#   LABEL_STUDIO_VENV  the venv for Label Studio (default: .venv-label-studio)
#   LABEL_STUDIO_1_10_VENV    the venv for Label Studio 1.10.1 (default: .venv-label-studio-1.10)
#   LABEL_STUDIO_1_10_PYTHON  its Python, 3.10 to 3.12 (default: the first of VENV's, python3.12, python3.11, python3.10,
#                             and pyenv's)
#   CHROMIUM           the browser (default: the first of chromium-headless-shell, chromium, chromium-browser,
#                      google-chrome)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

venv=${VENV:-.venv}
label_studio_venv=${LABEL_STUDIO_VENV:-.venv-label-studio}
wanted=e2e/requirements-label-studio.txt
installed=$label_studio_venv/installed.txt

# install_into VENV REQUIREMENTS [OPTION]
# uv is much faster, but only pip reads the settings of pip for other package indexes. Quiet twice, because pip warns about
# the packaging of some requirements. With the system's certificates, as pip does.
install_into() {
  UV_SYSTEM_CERTS=true "$venv/bin/uv" pip install --quiet --python "$1/bin/python" --requirement "$2" ${3:+"$3"} 2>/dev/null \
    || "$1/bin/pip" install --quiet --quiet --disable-pip-version-check --requirement "$2" ${3:+"$3"}
}

if ! cmp --silent "$wanted" "$installed"; then
  echo "Installing Label Studio into $label_studio_venv"
  rm -rf "$label_studio_venv"
  "$venv/bin/python" -m venv "$label_studio_venv"
  # Includes the dependencies for older Pythons.
  install_into "$label_studio_venv" "$wanted"
  cp "$wanted" "$installed"
fi

[ "${1:-}" != label-studio ] || exit 0

# prepare_database VENV: Label Studio's empty database, in the venv it belongs to. Migrating it takes half a minute of
# processor time, so each server of the tests starts with a copy.
prepare_database() {
  local folder database=$1/label_studio.sqlite3
  [ ! -e "$database" ] || return 0
  echo "Preparing the database of $1"
  folder=$(mktemp -d)
  LABEL_STUDIO_BASE_DATA_DIR=$folder LATEST_VERSION_CHECK=false COLLECT_ANALYTICS=false SENTRY_DSN="" \
    FRONTEND_SENTRY_DSN="" "$1/bin/label-studio" version >"$folder/log" 2>&1 || { cat "$folder/log"; return 1; }
  mv "$folder/label_studio.sqlite3" "$database"
  rm -r "$folder"
}
prepare_database "$label_studio_venv"

oldest_venv=${LABEL_STUDIO_1_10_VENV:-.venv-label-studio-1.10}
oldest_wanted=e2e/requirements-label-studio-1.10.txt

# Prints the first Python that can run Label Studio 1.10.1.
oldest_python() {
  local candidates=("$venv/bin/python" python3.12 python3.11 python3.10) python
  if command -v pyenv >/dev/null; then candidates+=("$(pyenv root)"/versions/3.1[0-2]*/bin/python); fi
  if [ -n "${LABEL_STUDIO_1_10_PYTHON:-}" ]; then candidates=("$LABEL_STUDIO_1_10_PYTHON"); fi
  for python in "${candidates[@]}"; do
    if "$python" -c 'import ensurepip, sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null; then
      echo "$python"
      return
    fi
  done
}

if ! cmp --silent "$oldest_wanted" "$oldest_venv/installed.txt"; then
  python=$(oldest_python)
  if [ -n "$python" ]; then
    echo "Installing Label Studio 1.10.1 into $oldest_venv"
    rm -rf "$oldest_venv"
    "$python" -m venv "$oldest_venv"
    install_into "$oldest_venv" "$oldest_wanted" --no-deps
    cp "$oldest_wanted" "$oldest_venv/installed.txt"
  else
    echo "No Python 3.10, 3.11 or 3.12 for Label Studio 1.10.1, so its tests will fail:" \
      "name one with LABEL_STUDIO_1_10_PYTHON." >&2
  fi
fi
if [ -e "$oldest_venv/bin/label-studio" ]; then prepare_database "$oldest_venv"; fi

can_install() {
  command -v apt-get >/dev/null && [ "$(id -u)" -eq 0 ]
}
install_package() {
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300 "$1" >/dev/null
}
# Chromium's build without windows takes a fifth less processor time; Debian has it, but not every other distribution.
if [ -z "${CHROMIUM:-}" ] && ! command -v chromium-headless-shell >/dev/null; then
  if can_install; then
    echo "Installing Chromium"
    # Another process may be installing packages at the same time.
    apt-get update -qq -o DPkg::Lock::Timeout=300
    install_package chromium-headless-shell 2>/dev/null \
      || command -v chromium chromium-browser google-chrome >/dev/null \
      || install_package chromium
  elif ! command -v chromium chromium-browser google-chrome >/dev/null; then
    echo "No Chromium found: install it, or name a browser with CHROMIUM=/path/to/chrome" >&2
    exit 1
  fi
fi
