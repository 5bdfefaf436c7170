#!/bin/sh
# Every static check, all of them even when one fails. `make lint` calls it with the virtual environment on PATH.
set -u
failed=0

check() {
    printf '%-28s' "$1"
    shift
    if output=$("$@" 2>&1); then
        echo ok
    else
        printf 'FAILED\n%s\n\n' "$output"
        failed=1
    fi
}

# The checks see a fresh home folder, not the settings and the database of whoever runs them.
home=$(mktemp -d "${TMPDIR:-/tmp}/opslens-lint-XXXXXX")
trap 'rm -rf "$home"' EXIT
unset DATABASE_URL ALLOWED_HOSTS DEBUG HOST PORT 2>/dev/null
export OPSLENS_HOME="$home"

demo() { OPSLENS_DEMO=1 python manage.py "$@"; }

production() {
    OPSLENS_DEMO=0 ALLOWED_HOSTS=opslens.example SECRET_KEY="$(python -c 'import secrets; print(secrets.token_urlsafe(64))')" \
        python manage.py "$@"
}

check "ruff: rules" python -m ruff check .
check "ruff: format" python -m ruff format --check .
check "import-linter: layers" lint-imports --no-cache
check "django: system checks" demo check --fail-level WARNING
check "django: deployment checks" production check --deploy --fail-level WARNING
check "django: static files" production collectstatic --noinput --verbosity 0
check "django: migrations" demo makemigrations --check --dry-run
exit $failed
