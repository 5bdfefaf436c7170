"""What the Makefile and its scripts promise about paths and first settings."""

import os
import stat
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

SHOW = r"""
include Makefile
show:
	@. scripts/paths.sh; printf '%s\n' "$$ARTICLE" "$$OPSLENS_HOME" "$${PORT-unset}"
"""
VARIABLES = ("ARTICLE", "OPSLENS_HOME", "PORT", "HOST", "MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES")


def clean_environment(**more: str) -> dict[str, str]:
    return {**{name: value for name, value in os.environ.items() if name not in VARIABLES}, **more}


def show(tmp_path: Path, *arguments: str, cwd: Path = ROOT, **environment: str) -> list[str]:
    """What a recipe sees as ARTICLE, OPSLENS_HOME and PORT."""
    makefile = tmp_path / "show.mk"
    makefile.write_text(SHOW)
    done = subprocess.run(
        ["make", "-f", str(makefile), *arguments, "show"],
        cwd=cwd,
        env=clean_environment(PWD=str(cwd), **environment),
        capture_output=True,
        text=True,
        check=True,
    )
    return [line for line in done.stdout.splitlines() if "ing directory" not in line]


@pytest.mark.parametrize("name", ["plain.txt", "two words.txt", 'it\'s "quoted".txt', "a$b $(c).txt", "émile;ls.md"])
@pytest.mark.parametrize("way", ["argument", "environment"])
def test_article_reaches_the_recipe_unchanged(tmp_path, name, way):
    if way == "argument":
        seen = show(tmp_path, f"ARTICLE={name}")
    else:
        seen = show(tmp_path, ARTICLE=name)
    assert seen == [f"{ROOT}/{name}", f"{ROOT}/var", "unset"]


def test_paths_are_meant_from_where_make_was_called(tmp_path):
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    seen = show(tmp_path, "-C", str(ROOT), "ARTICLE=a.txt", "OPSLENS_HOME=site", cwd=elsewhere)
    assert seen == [f"{elsewhere}/a.txt", f"{elsewhere}/site", "unset"]


def test_absolute_paths_stay(tmp_path):
    assert show(tmp_path, "ARTICLE=/x y/a.txt", "OPSLENS_HOME=/s", "PORT=81") == ["/x y/a.txt", "/s", "81"]


def first_settings(home: Path, **environment: str) -> None:
    subprocess.run(
        ["sh", "-euc", ". scripts/paths.sh; . scripts/first_settings.sh"],
        cwd=ROOT,
        env=clean_environment(CALLED_FROM=str(ROOT), OPSLENS_HOME=str(home), **environment),
        check=True,
    )


@pytest.fixture
def outside_the_tests_settings(monkeypatch):
    """This process runs with the tests' own settings exported; a first `make run` does not."""
    for name in ("OPSLENS_DEMO", "SECRET_KEY"):
        monkeypatch.delenv(name)


@pytest.mark.usefixtures("outside_the_tests_settings")
def test_first_settings_make_a_local_demo_only_its_owner_may_read(tmp_path):
    home = tmp_path / "my site"
    first_settings(home)
    written = home / "settings.env"
    assert [line for line in written.read_text().splitlines() if not line.startswith("#")] == ["OPSLENS_DEMO=1"]
    assert stat.S_IMODE(written.stat().st_mode) == 0o600


@pytest.mark.usefixtures("outside_the_tests_settings")
def test_settings_that_exist_are_left_alone(tmp_path):
    (tmp_path / "settings.env").write_text("SECRET_KEY=mine\n")
    first_settings(tmp_path)
    assert (tmp_path / "settings.env").read_text() == "SECRET_KEY=mine\n"


@pytest.mark.usefixtures("outside_the_tests_settings")
@pytest.mark.parametrize("given", [{"SECRET_KEY": "a-site-of-its-own"}, {"OPSLENS_DEMO": "0"}])
def test_a_site_that_says_what_it_is_does_not_become_a_demo(tmp_path, given):
    first_settings(tmp_path / "site", **given)
    assert not (tmp_path / "site").exists()
