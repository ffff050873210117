# Sourced by scripts/demo and scripts/test: sets up .venv in the repository with this package and the extras named in $extras.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
venv="$root/.venv"
python=${PYTHON:-python3}

if ! "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
    echo "error: $python is not Python 3.11, 3.12 or 3.13; install one of them, or name it: PYTHON=python3.11 $0" >&2
    exit 2
fi
if [ ! -x "$venv/bin/python" ]; then
    echo "making a virtual environment in $venv"
    # Debian's Python lacks ensurepip, so the environment borrows the pip outside it.
    "$python" -m venv --without-pip "$venv"
fi
wanted=$(cksum "$root/setup.cfg" "$root/pyproject.toml" | tr '\n' ' ')
# An environment with extras also serves those who need none.
case "$(cat "$venv/installed" 2>/dev/null)" in
"$wanted$extras"*) ;;
*)
    echo "installing behavior$extras and what it needs into $venv (the first time this takes some minutes)"
    "$python" -m pip --python "$venv/bin/python" install --quiet --disable-pip-version-check --editable "$root$extras"
    printf '%s' "$wanted$extras" >"$venv/installed"
    ;;
esac
