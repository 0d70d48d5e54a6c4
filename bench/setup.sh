#!/usr/bin/env bash
# Installs what the benchmarks compare with: the tesseract program with languages, and the programs in bench/peers.txt.
# Does nothing if they are installed, and reports what is missing if it cannot install them.
set -euo pipefail

peers=${PEERS_VENV:-.venv-peers}
if [ ! -e "$peers/.installed" ]; then
  echo "Installing other OCR programs into $peers"
  "${PYTHON:-python3}" -m venv "$peers"
  if "$peers/bin/pip" install --quiet --disable-pip-version-check -r bench/peers.txt; then
    touch "$peers/.installed"
  else
    echo "Without them there is less to compare with."
  fi
fi

wanted="chi_sim deu eng fra"
if command -v tesseract >/dev/null; then
  there=$(tesseract --list-langs 2>/dev/null)
  for language in $wanted; do
    grep -qx "$language" <<<"$there" || missing="${missing:-} $language"
  done
  [ -z "${missing:-}" ] && exit 0
fi
if command -v apt-get >/dev/null && [ "$(id -u)" -eq 0 ]; then
  echo "Installing the tesseract program with $wanted"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    tesseract-ocr tesseract-ocr-chi-sim tesseract-ocr-deu tesseract-ocr-fra >/dev/null
else
  echo "Without the tesseract program and its languages $wanted there is less to compare with:"
  echo "  apt-get install tesseract-ocr tesseract-ocr-chi-sim tesseract-ocr-deu tesseract-ocr-fra"
fi
