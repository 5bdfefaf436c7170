# Sourced by the Makefile's recipes after paths.sh. A home folder without settings becomes a local demo, unless
# the environment says what it is: a site that brings its SECRET_KEY must not turn into a demo behind its back.
if [ ! -e "$OPSLENS_HOME/settings.env" ] && [ -z "${OPSLENS_DEMO:-}" ] && [ -z "${SECRET_KEY:-}" ]; then
    mkdir -p "$OPSLENS_HOME"
    (
        umask 077
        printf '%s\n' \
            '# Settings of this OpsLens; the environment wins over this file. docs/deployment.md lists them all.' \
            '# 1: a local demo with content to try things on, one-click sign-in and debugging pages.' \
            'OPSLENS_DEMO=1' > "$OPSLENS_HOME/settings.env"
    )
fi
