"""Makes one folder with everything that an enclave needs to install si_eval without internet: `make bundle`.

It holds the wheels of this version and of all that it needs, a lock file with their digests, an installer that takes
nothing from elsewhere, the page on use without internet, and checksums of all files.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from packaging.utils import parse_wheel_filename

ROOT = Path(__file__).resolve().parents[1]
WHEELS, LOCK, SUMS, INSTALLER, PAGE = "wheels", "requirements.lock", "SHA256SUMS", "install.sh", "README.md"
MEGABYTE = 1_000_000


def make_bundle(out: Path, extras: str, python: str) -> None:
    """Fetch the wheels, write lock, installer and page, and sum all files up."""
    if out.exists() and any(out.iterdir()):
        raise SystemExit(f"{out}: found content; expected a folder that is new or empty; remove it, or name another")
    wheels = out / WHEELS
    wheels.mkdir(parents=True, exist_ok=True)
    _run(python, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", wheels, ROOT)
    (own,) = wheels.glob("si_eval-*.whl")
    wanted = f"{own}[{extras}]" if extras else str(own)
    _run(python, "-m", "pip", "download", "--quiet", "--only-binary", ":all:", "--dest", wheels, wanted)
    (out / LOCK).write_text("".join(f"{line}\n" for line in _locked(wheels)), encoding="utf-8")
    shutil.copy(ROOT / "bundle" / INSTALLER, out / INSTALLER)
    shutil.copy(ROOT / "docs" / "OFFLINE.md", out / PAGE)
    files = sorted(path for path in out.rglob("*") if path.is_file())
    sums = "".join(f"{_digest(path)}  {path.relative_to(out).as_posix()}\n" for path in files)
    (out / SUMS).write_text(sums, encoding="utf-8")
    size = sum(path.stat().st_size for path in wheels.iterdir()) / MEGABYTE
    print(f"bundle: {out}, {len(list(wheels.iterdir()))} wheels, {size:.0f} MB")


def _locked(wheels: Path) -> list[str]:
    """List each wheel as a requirement with its version and digest."""
    lines = []
    for path in sorted(wheels.glob("*.whl")):
        name, version, _, _ = parse_wheel_filename(path.name)
        lines.append(f"{name}=={version} --hash=sha256:{_digest(path)}")
    return lines


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _run(*command: object) -> None:
    """Run a command; end with its message where it fails."""
    done = subprocess.run([str(part) for part in command], check=False)
    if done.returncode:
        raise SystemExit(done.returncode)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="a new folder")
    parser.add_argument("--extras", default="report", help="extras of si_eval to take along, with commas between them")
    parser.add_argument(
        "--python", default=sys.executable, help="the Python whose platform and version are fetched for"
    )
    given = parser.parse_args()
    make_bundle(given.out, given.extras, given.python)
