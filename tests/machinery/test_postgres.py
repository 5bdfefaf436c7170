import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tests.support import postgres

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(postgres.find() is None, reason="no PostgreSQL server programs here")


def start(tmp_path: Path, *command: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.support.postgres", "--", *command],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    )


def servers(folder: Path) -> list[str]:
    """Command lines of the processes that have the folder in them."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in line and "postgres" in line.split(" ")[0]:
            found.append(line)
    return found


def eventually(condition, seconds: float = 15) -> bool:
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture
def short_tmp_path():
    """A folder that other accounts may look into: root lends the server one of them."""
    with tempfile.TemporaryDirectory(prefix="opslens-") as folder:
        os.chmod(folder, 0o711)
        yield Path(folder)


def test_cluster_serves_the_command_and_leaves_nothing(short_tmp_path):
    script = (
        "import os, environ, psycopg; at = environ.Env().db('DATABASE_URL');"
        "c = psycopg.connect(host=at['HOST'], user=at['USER'], dbname=at['NAME']);"
        "print(c.execute('select current_database(), 1 + 1').fetchone())"
    )
    run = start(short_tmp_path, sys.executable, "-c", script)
    output, _ = run.communicate(timeout=60)
    assert (run.returncode, output) == (0, "('opslens', 2)\n")
    assert list(short_tmp_path.iterdir()) == []
    assert servers(short_tmp_path) == []


def test_exit_code_is_the_commands(short_tmp_path):
    run = start(short_tmp_path, sys.executable, "-c", "raise SystemExit(7)")
    run.communicate(timeout=60)
    assert run.returncode == 7


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="looks at processes the Linux way")
@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_server_ends_with_the_run_however_that_ends(short_tmp_path, sign):
    run = start(short_tmp_path, sys.executable, "-u", "-c", "import time; print('up'); time.sleep(120)")
    assert run.stdout.readline() == "up\n"
    assert servers(short_tmp_path)
    run.send_signal(sign)
    run.wait(30)
    assert eventually(lambda: servers(short_tmp_path) == [])
    assert run.stdout.read() == ""  # its end of the pipe is closed: the command has ended, too
