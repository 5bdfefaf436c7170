# Sourced by the Makefile's recipes. Paths given to make are meant from the folder where make was called,
# which `make -C FOLDER` leaves; CALLED_FROM names it.
absolute() {
    case $1 in
        /*) printf '%s' "$1" ;;
        "~/"*) printf '%s/%s' "$HOME" "${1#??}" ;;
        *) printf '%s/%s' "$CALLED_FROM" "$1" ;;
    esac
}

if [ -n "${OPSLENS_HOME:-}" ]; then
    OPSLENS_HOME=$(absolute "$OPSLENS_HOME")
else
    OPSLENS_HOME=$PWD/var
fi
export OPSLENS_HOME

if [ -n "${ARTICLE:-}" ]; then
    ARTICLE=$(absolute "$ARTICLE")
    export ARTICLE
fi
