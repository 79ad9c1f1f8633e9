"""Protect requests as evaluators make them, and let the tests' outsider attack what would be written.

    python benchmarks/attack.py 0 100 --frames
    python benchmarks/attack.py 0 200

Draws one request a seed, with holdings, two rule sets and small registers unless frames of single firms are asked for;
odd seeds are released table by table through a ledger. Prints what came back.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

from si_eval.disclosure import ReleaseLedger, protect

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from asked_registers import draw_wide_request
from asked_requests import draw_request
from outsider import Found, attack


def attacked(seed: int, *, wide: bool) -> tuple[list[Found], int, int]:
    """Protect and attack one request; give what was found, and how many of its numbers are shown, of how many."""
    request, in_turn = draw_wide_request(seed) if wide else draw_request(seed), bool(seed % 2)
    ledger = ReleaseLedger()
    safe = [protect([one], ledger=ledger)[0] for one in request.tables] if in_turn else protect(request.tables)
    frames = [table.to_frame() for table in safe]
    shown = sum(int(frame["estimate"].notna().sum()) for frame in frames)
    withheld = sum(int((frame["status"] != "shown").sum()) for frame in frames)
    return attack(request, safe, in_turn=in_turn), shown, shown + withheld


def main() -> None:
    """Print one line a request with findings, and the totals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("first", type=int)
    parser.add_argument("last", type=int)
    parser.add_argument("--frames", action="store_true")
    options = parser.parse_args()
    kinds: Counter[str] = Counter()
    leaking, shown, asked, started = 0, 0, 0, time.process_time()
    for seed in range(options.first, options.last):
        found, some, of = attacked(seed, wide=not options.frames)
        shown, asked, leaking = shown + some, asked + of, leaking + bool(found)
        kinds.update(kind for kind, _, _ in found)
        if seed % 10 == 9:
            print(f"{seed}: {time.process_time() - started:.0f} s", file=sys.stderr, flush=True)
        for kind, table, cell in found:
            print(f"{seed} ({'in turn' if seed % 2 else 'at once'}): {kind}: table {table}: {cell}", flush=True)
    for kind, count in kinds.most_common():
        print(f"{count:>6}  {kind}")
    requests, seconds = options.last - options.first, time.process_time() - started
    print(f"{leaking} of {requests} requests give something back; {shown} of {asked} numbers shown; {seconds:.0f} s")


if __name__ == "__main__":
    main()
