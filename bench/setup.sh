#!/usr/bin/env bash
# Installs the tesseract program and languages of the reference recipe, for the benchmarks.
# Does nothing if they are installed, and reports what is missing if it cannot install them.
set -euo pipefail

wanted="chi_sim deu eng"
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
    tesseract-ocr tesseract-ocr-chi-sim tesseract-ocr-deu >/dev/null
else
  echo "Without the tesseract program and its languages $wanted there is less to compare with:"
  echo "  apt-get install tesseract-ocr tesseract-ocr-chi-sim tesseract-ocr-deu"
fi
