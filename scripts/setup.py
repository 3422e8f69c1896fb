"""Set-up: system libraries, then `.venv` with exactly what `uv.lock` pins; does only what is missing.

Standard library only, since it runs before anything is installed. `--dev` adds what the tests need.
Packages that someone added to `.venv` by hand stay.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "netviz-setup"
UV = "uv==0.13.8"
PYTHONS = ((3, 11), (3, 14))  # from, below

sys.path.insert(0, str(ROOT))
sys.dont_write_bytecode = True

from netviz.system import mending_line, missing_libraries  # noqa: E402


def main() -> None:
    """Each step says in one line what it does, or nothing where there is nothing to do."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--dev", action="store_true", help="also what the tests and checks need")
    dev = arguments.parse_args().dev

    if not PYTHONS[0] <= sys.version_info[:2] < PYTHONS[1]:
        found = sys.version.split()[0]
        sys.exit(f"set-up: netviz needs Python 3.11 to 3.13, this is {found}; try make PYTHON=python3.11")
    install_system_packages(dev)
    if not stamped(dev):
        make_environment()
        install_locked(dev)
        compile_kernels()


def say(line: str) -> None:
    print(f"set-up: {line}", flush=True)


def run(*command: str | Path, needed: bool = True, **environment: str) -> None:
    """Runs quietly; what it printed is shown only where it fails."""
    told = {**os.environ, **environment}
    done = subprocess.run(command, cwd=ROOT, env=told, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode and needed:
        sys.exit(f"{done.stdout}set-up: failed with status {done.returncode}: {' '.join(map(str, command))}")


# --- the system -----------------------------------------------------------------------------------------------------


def install_system_packages(dev: bool) -> None:
    """Asks apt for what is missing: Qt's libraries, a font, and for the tests a virtual screen and a browser."""
    packages = missing_libraries()
    if sys.platform.startswith("linux"):
        packages += missing_tools(dev)
    browser = ["chromium"] if dev and sys.platform.startswith("linux") and not has_browser() else []
    if not packages and not browser:
        return
    apt = shutil.which("apt-get")
    if apt is None:
        say(f"no apt here; install what your system calls: {' '.join(packages + browser)}")
        return
    quietly = ["env", "DEBIAN_FRONTEND=noninteractive", apt]
    if os.geteuid() != 0:
        if not shutil.which("sudo"):
            say(f"neither root nor sudo, going on without. {mending_line(packages + browser)}")
            return
        quietly = ["sudo", *quietly]
    say(f"installing system packages: {' '.join(packages + browser)}")
    run(*quietly, "update", needed=False)  # a foreign source that is down is no reason to stop
    if packages:
        run(*quietly, "install", "-y", "--no-install-recommends", *packages)
    if browser:  # some systems have none by this name: the tests that want one say so and are skipped
        run(*quietly, "install", "-y", "--no-install-recommends", *browser, needed=False)


def has_browser() -> bool:
    """Whether there is one in which tests can open a page."""
    return any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome")))


def missing_tools(dev: bool) -> list[str]:
    """Debian packages of the programs and files, not libraries, that are wanted and not there."""
    missing = []
    if not any(font_files()):
        missing.append("fonts-dejavu-core")  # with no font at all Qt draws boxes
    if dev:
        missing += [package for program, package in (("Xvfb", "xvfb"), ("xauth", "xauth")) if not shutil.which(program)]
    if not (VENV / "bin" / "python").exists() and not venv_works():
        missing.append(f"python{sys.version_info[0]}.{sys.version_info[1]}-venv")
    return missing


def font_files() -> Iterator[Path]:
    for folder in (
        "/usr/share/fonts",
        "/usr/local/share/fonts",
        Path.home() / ".local/share/fonts",
        Path.home() / ".fonts",
    ):
        for pattern in ("*.ttf", "*.otf", "*.ttc"):
            yield from Path(folder).rglob(pattern)


def venv_works() -> bool:
    """Debian's Python comes without ensurepip, and then `-m venv` leaves half an environment behind."""
    return subprocess.run([sys.executable, "-c", "import ensurepip, venv"], stderr=subprocess.DEVNULL).returncode == 0


# --- the environment ------------------------------------------------------------------------------------------------


def fingerprint() -> str:
    """Changes when the lock, the declared dependencies or the Python do."""
    digest = hashlib.sha256(environment_version().encode())
    for name in ("uv.lock", "pyproject.toml"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def environment_version() -> str:
    """What `.venv` says of its Python, and where it lies: a moved environment is not the same one."""
    told = VENV / "pyvenv.cfg"
    return f"{VENV}\n{told.read_text(encoding='utf-8') if told.exists() else ''}"


def stamped(dev: bool) -> bool:
    """Whether an earlier set-up installed this very lock; one with the development group serves both."""
    if not STAMP.exists() or not (VENV / "bin" / "python").exists():
        return False
    done, _, kind = STAMP.read_text(encoding="utf-8").strip().partition(" ")
    return done == fingerprint() and kind in ({"dev"} if dev else {"dev", "run"})


def make_environment() -> None:
    """`.venv` where there is none that works, and uv inside it."""
    python = VENV / "bin" / "python"
    if not answers(python, "import sys"):
        say(f"creating .venv with Python {sys.version.split()[0]}")
        if VENV.exists():
            shutil.rmtree(VENV)  # its interpreter is gone, so nothing in it can be used
        run(sys.executable, "-m", "venv", VENV)
    if not answers(python, "import uv"):
        say(f"installing {UV}")
        run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", UV)


def answers(python: Path, code: str) -> bool:
    return python.exists() and subprocess.run([python, "-c", code], stderr=subprocess.DEVNULL).returncode == 0


def install_locked(dev: bool) -> None:
    """Exactly the pinned versions and hashes of `uv.lock`, netviz itself editable; extra packages are left alone."""
    say("installing what uv.lock pins" + (", with the development tools" if dev else ""))
    run(
        *(VENV / "bin" / "uv", "sync", "--frozen", "--inexact", "--extra", "fast", "--dev" if dev else "--no-dev"),
        UV_PROJECT_ENVIRONMENT=str(VENV),
        UV_PYTHON=str(VENV / "bin" / "python"),
        UV_PYTHON_DOWNLOADS="never",
    )
    STAMP.write_text(f"{fingerprint()} {'dev' if dev else 'run'}\n", encoding="utf-8")


def compile_kernels() -> None:
    """Half a minute once, which nobody then waits for; everything works without them."""
    say("compiling the kernels")
    run(VENV / "bin" / "python", "-m", "engine.kernels", needed=False)


if __name__ == "__main__":
    main()
