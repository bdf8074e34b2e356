"""``python -m tests.kiosk.one_session --splits 10000``: the figure of G03, with what happened on the way."""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.kiosk.one_session.world import World

WORLD_SPLITS = 100  # a world is made anew after so many: another seed, another beginning


def main() -> None:
    """Run worlds until enough lines were cut; the first double session ends it with the seed that shows it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--splits", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where the databases lie; a folder in memory is quicker")
    asked = parser.parse_args()
    logging.disable(logging.CRITICAL)
    seen: Counter[str] = Counter()
    seed = asked.seed
    while seen["split"] < asked.splits:
        with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
            world = World(Path(folder), seed, ("take_over", "refuse")[seed % 2])
            try:
                while world.seen["split"] < WORLD_SPLITS:
                    world.act()
            finally:
                world.close()
        seen += world.seen
        seed += 1
    sys.stdout.write(f"{seen['split']} splits, 0 double sessions (seeds {asked.seed} to {seed - 1})\n")
    for what, number in seen.most_common():
        sys.stdout.write(f"  {number:7d}  {what}\n")


if __name__ == "__main__":
    main()
