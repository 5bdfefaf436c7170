#!/bin/sh
# Makes the virtual environment and installs pinned requirements into it.
# Usage: scripts/venv.sh FOLDER REQUIREMENTS_FILE
# PYTHON names the interpreter to use; without it the first one from python3 to python3.11 that is new enough.
set -eu

venv=$1
requirements=$2

fail() {
    printf '\n%s\n\n' "$1" >&2
    exit 1
}

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

if ! "$venv/bin/python" -c 'import pip' >/dev/null 2>&1; then
    python=
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        if new_enough "$candidate"; then
            python=$candidate
            break
        fi
    done
    if [ -z "$python" ]; then
        found=$("${PYTHON:-python3}" --version 2>&1) || found="no ${PYTHON:-python3}"
        fail "OpsLens needs Python 3.11 or newer; found: $found.
On Debian and Ubuntu: apt-get install python3 python3-venv
An interpreter in another place can be named: make setup PYTHON=/path/to/python3"
    fi
    if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        fail "$python has no venv module.
On Debian and Ubuntu: apt-get install python$version-venv (or python3-venv)"
    fi
    echo "Making $venv with $("$python" --version)"
    "$python" -m venv --clear "$venv"
    # Python 3.11 still puts setuptools into every new environment; nothing here uses it.
    "$venv/bin/python" -m pip uninstall --quiet --yes setuptools >/dev/null 2>&1 || true
fi

echo "Installing $requirements"
# --no-compile: Python writes the byte code of what it imports by itself; most of Django is never imported.
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-compile --requirement "$requirements" ||
    fail "pip could not install $requirements (its message is above). Is the network there?"
