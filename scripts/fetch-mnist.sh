#!/bin/bash
# Find MNIST, unpack and check it, print the folder with its four IDX files.
# Looks in $MNIST_DIR, else in ../shared/data/mnist beside the project, else downloads into build/mnist.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$PWD/build/mnist
sums="\
ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db  train-images-idx3-ubyte
65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5  train-labels-idx1-ubyte
0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7  t10k-images-idx3-ubyte
ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2  t10k-labels-idx1-ubyte"
names=$(awk '{ print $2 }' <<<"$sums")
mirrors="
https://ossci-datasets.s3.amazonaws.com/mnist
https://storage.googleapis.com/cvdf-datasets/mnist
https://raw.githubusercontent.com/fgnt/mnist/master"

is_right() { (cd "$1" 2>/dev/null && sha256sum --check --status <<<"$sums" 2>/dev/null); }

give_up() {
  {
    echo "fetch-mnist: $1"
    echo "Put these four files, packed (.gz) or not, into a folder and name it: MNIST_DIR=/path/to/folder make mnist"
    sed 's/^/  /' <<<"$names"
  } >&2
  exit 1
}

# unpack FOLDER: its files, packed or not, into build/mnist.
unpack() {
  mkdir -p "$folder"
  for name in $names; do
    if [ -e "$1/$name" ]; then
      cp "$1/$name" "$folder/$name"
    elif [ -e "$1/$name.gz" ]; then
      gzip --decompress --stdout "$1/$name.gz" >"$folder/$name" || give_up "cannot unpack $1/$name.gz"
    else
      give_up "$1 has no $name or $name.gz"
    fi
  done
  is_right "$folder" || give_up "the files of $1 are not MNIST: their SHA-256 sums differ"
}

get() {
  if command -v curl >/dev/null; then
    curl --fail --silent --show-error --location --connect-timeout 10 --max-time 300 --output "$2" "$1"
  else
    wget --quiet --timeout=30 --output-document="$2" "$1"
  fi
}

download() {
  command -v curl >/dev/null || command -v wget >/dev/null || give_up "neither curl nor wget is installed to download MNIST"
  mkdir -p "$folder"
  for name in $names; do
    rm -f "$folder/$name"
    for mirror in $mirrors; do
      echo "fetch-mnist: $mirror/$name.gz" >&2
      if get "$mirror/$name.gz" "$folder/$name.gz" && gzip --test "$folder/$name.gz" 2>/dev/null; then continue 2; fi
      rm -f "$folder/$name.gz"
    done
    give_up "no mirror could be reached"
  done
}

if [ -n "${MNIST_DIR:-}" ]; then
  [ -d "$MNIST_DIR" ] || give_up "MNIST_DIR is $MNIST_DIR, which is no folder"
  if is_right "$MNIST_DIR"; then folder=$(cd "$MNIST_DIR" && pwd); else unpack "$MNIST_DIR"; fi
elif ! is_right "$folder"; then
  if [ -d ../shared/data/mnist ]; then
    unpack ../shared/data/mnist
  else
    download
    unpack "$folder"
    for name in $names; do rm -f "$folder/$name.gz"; done
  fi
fi
echo "$folder"
