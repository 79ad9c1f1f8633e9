"""Time the release of the reference study: the whole process, with identifiers as they are and with signs in them.

    python benchmarks/release.py 0.01 0.1 1.0

Prints CPU seconds, how many identifiers are looked for, and the bytes of the ZIP. Identifiers with signs in them, as in
`0d5a-99c2`, are neither whole numbers nor words, so that they can stand anywhere in a text.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from si_eval.study.kept_inside import NUMBERS, PHRASES, RELEASES, WORDS, inside_folder
from si_eval.study.run import run_study
from si_eval.synthetic import simulate_extract

STUDY = Path(__file__).parents[1] / "data" / "studies" / "smart_industry_2020.toml"


def released(out: Path) -> tuple[float, int]:
    """Release a run in a process of its own; give its CPU seconds and the bytes of the ZIP."""
    process = subprocess.Popen([sys.executable, "-m", "si_eval", "release", str(out)], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"release ended with {status}")
    (package,) = (out / RELEASES).glob("*.zip")
    return usage.ru_utime + usage.ru_stime, package.stat().st_size


def write_signs(inside: Path) -> None:
    """Put a sign in every identifier that a run keeps inside."""
    numbers, words = np.load(inside / NUMBERS), np.load(inside / WORDS)
    texts = [f"{value:020d}" for value in np.concatenate([numbers.astype(np.uint64), words])]
    phrases = [f"{text[:10]}-{text[10:]}" for text in texts]
    (inside / PHRASES).write_text(json.dumps(phrases), encoding="utf-8")
    np.save(inside / NUMBERS, numbers[:0])
    np.save(inside / WORDS, words[:0])


def main() -> None:
    """Print two lines a scale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scales", nargs="+", type=float)
    options = parser.parse_args()
    print(f"{'scale':>6} {'identifiers':<12} {'number':>10} {'cpu s':>7} {'ZIP bytes':>10}")
    for scale in options.scales:
        with tempfile.TemporaryDirectory() as work:
            extract, out = Path(work) / "extract", Path(work) / "out"
            simulate_extract(extract, scale=scale, seed=1)
            run_study(STUDY, out=out, extract=extract, notebooks=False)
            inside = inside_folder(out)
            number = len(np.load(inside / NUMBERS)) + len(np.load(inside / WORDS))
            for kind in ("as they are", "with signs"):
                seconds, size = released(out)
                print(f"{scale:>6g} {kind:<12} {number:>10} {seconds:>7.1f} {size:>10}", flush=True)
                write_signs(inside)


if __name__ == "__main__":
    main()
