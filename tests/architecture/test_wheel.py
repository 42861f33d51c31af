"""The wheel alone is enough: everything that belongs in it is in it, and it works away from the source tree.

Dependencies come from the environment that runs the tests, by a .pth file; our own code comes from the wheel.
"""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CODE = ("cli", "contracts", "gateway", "kit", "readmodel", "rules", "services", "workflows")
DATA = "rulepacks"
VENDOR = ROOT / "gateway/web/static/vendor"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

LOOK = """
import importlib, json, pkgutil, sys
found = {}
for name in json.loads(sys.argv[1]):
    package = importlib.import_module(name)
    found[name] = list(package.__path__)
    for one in pkgutil.walk_packages(package.__path__, name + "."):
        if "migrations" not in one.name and not one.name.endswith("__main__"):
            found[one.name] = [importlib.import_module(one.name).__file__]
from cli.embedded import migrations
from rules.pack import load
packs = {path.name: load(path).hash for path in sorted((migrations.root() / "rulepacks").iterdir())}
print(json.dumps({"modules": found, "packs": packs, "migrated": migrations.packages()}))
"""


@dataclass(frozen=True)
class Installed:
    """The wheel and the environment that it was installed in."""

    wheel: Path
    folder: Path

    @property
    def site(self) -> Path:
        return next(self.folder.glob("lib/python*/site-packages"))

    def run(self, *words: str) -> str:
        """Standard output of a program of that environment, started elsewhere without our variables."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "FUDAO_"))
        }
        program = self.folder / "bin" / words[0]
        done = subprocess.run(
            [program, *words[1:]],
            cwd=self.folder,
            env={**kept, "VIRTUAL_ENV": str(self.folder)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    local = ROOT / ".tools/bin/uv"
    uv = str(local) if local.is_file() else shutil.which("uv")
    if uv is None:
        pytest.skip("没有 uv：请先运行 make setup")
    folder = tmp_path_factory.mktemp("wheel")
    venv = folder / "venv"

    def run(*words: str | Path) -> None:
        done = subprocess.run([uv, *words], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    run("build", "--wheel", "--quiet", "--out-dir", folder)
    (wheel,) = folder.glob("*.whl")
    run("venv", "--quiet", "--python", sys.executable, venv)
    run("pip", "install", "--quiet", "--no-deps", "--python", venv / "bin/python", wheel)
    made = Installed(wheel=wheel, folder=venv)
    (made.site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return made


def tree() -> set[str]:
    """What belongs in a wheel: everything of our packages that git knows or would take."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate", *CODE, DATA],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    there = {name for name in listed.stdout.splitlines() if (ROOT / name).is_file()}
    return there | {str(path.relative_to(ROOT)) for path in VENDOR.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("folder", "ending"),
    [
        ("gateway/web/templates", ".html"),
        ("gateway/web/static", "fudao.css"),
        ("gateway/web/locale", ".po"),
        ("gateway/migrations/versions", ".py"),
        ("readmodel/migrations/versions", ".py"),
        ("services/registration/migrations/versions", ".py"),
        ("kit/migrations", ".mako"),
        ("rulepacks/demo", "rulepack.yaml"),
        ("rulepacks/chongqing-2024/templates", ".typ"),
    ],
)
def test_data_files_are_in_the_wheel(installed: Installed, folder: str, ending: str) -> None:
    names = zipfile.ZipFile(installed.wheel).namelist()
    assert [name for name in names if name.startswith(f"{folder}/") and name.endswith(ending)] != []


def test_the_wheel_holds_our_packages_whole_and_nothing_else(installed: Installed) -> None:
    names = zipfile.ZipFile(installed.wheel).namelist()
    assert {name for name in names if ".dist-info/" not in name} == tree()


def test_everything_imports_from_the_wheel(installed: Installed) -> None:
    said = json.loads(installed.run("python", "-P", "-c", LOOK, json.dumps(CODE)))
    elsewhere = [
        name
        for name, places in said["modules"].items()
        if not all(Path(place).is_relative_to(installed.site) for place in places)
    ]
    assert elsewhere == []
    assert set(CODE) <= set(said["modules"])
    assert {"chongqing-2024", "demo"} <= set(said["packs"])
    assert {"gateway", "readmodel", "services.registration"} <= set(said["migrated"])


def test_the_command_of_the_wheel_starts(installed: Installed) -> None:
    assert "up" in installed.run("fudao", "--help")
