"""Noise for a printer: replies that are random, cut short, glued together or of another firmware, by the million.

Whatever comes, a link raises nothing, holds no more memory than a line, and takes no line for acknowledged that it did
not put on the wire: what was sent is read from the bytes themselves, not from the link's own books.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import msgspec

from farm.link import Link
from farm.link.events import Ready
from farm.link.framing import MAX_REPLY_BYTES
from farm.link.meatpack import ON
from farm.link.tracks import Commands
from farm.profiles import find_profile
from farm.sim.boards import board_of
from farm.sim.dialogue import Dialogue
from farm.sim.meatpack import Unpacker

PROFILES = {
    "marlin": "marlin-2.1-generic-220",
    "prusa": "prusa-3.14-mk3s",
    "repetier": "repetier-1.0-generic-200",
    "smoothieware": "smoothieware-2021-generic-300",
    "reprapfirmware": "reprapfirmware-3.5-generic-300",
    "klipper": "klipper-0.12-generic-235",
}
# forms of every firmware that we name, as boards have said them; each dialect hears the others' too
FORMS = (
    "ok", "ok N5 P15 B3", "ok 3", "ok P15 B3", "OK", " ok", "ok T:23.12 /0.00 B:22.50 /0.00 @:0 B@:0", "wait",
    " T:209.96 /210.00 B:60.02 /60.00 @:64 B@:32 W:?", "T:23.89 /0 B:23.33 /0 B@:0 @:0", "ok B:21.5 /0.0 T0:21.9 /0.0",
    "Error:checksum mismatch, Last Line: 12", "Resend: 13", "Resend:13", "rs N13", "rs 13", "skip 12", "",
    "Error:Line Number is not Last Line Number+1, Last Line: 12", "Error:No Checksum with line number, Last Line: 12",
    "Error:Wrong checksum", "Error:expected line 3 got 10", "echo:busy: processing", "busy:processing",
    "echo:busy: paused for user", "//action:out_of_filament T0", "// action:paused", "!! Must home axis first",
    "FIRMWARE_NAME:Marlin 2.1.2 (x) SOURCE_CODE_URL:x PROTOCOL_VERSION:1.0 MACHINE_TYPE:y", "Cap:AUTOREPORT_TEMP:1",
    "FIRMWARE_NAME: RepRapFirmware for Duet 2 WiFi/Ethernet FIRMWARE_VERSION: 3.5.3", "ok FIRMWARE_NAME:Klipper",
    "X:1.00 Y:2.00 Z:0.20 E:3.40 Count X:80 Y:160 Z:80", "X:1.2.3 Y:- Z:. E:", 'echo:Unknown command: "FOO"',
    "[MP] PV01 ON ESP", "echo: cold extrusion prevented", "echo:SD card ok", "Done saving file.",
)  # fmt: skip
FINAL = (
    "start", "Marlin 2.1.2", "echo:PowerUp", "Smoothie", "!!", "fatal:Heater decoupled", "// Klipper state: Ready",
    "// Klipper state: Shutdown", "// Klipper state: Disconnect", "Error:Printer halted. kill() called!",
    "Error:Heating failed, system stopped! Heater_ID: 0",
)  # fmt: skip
ENDS = (b"\n", b"\r\n", b"\r", b"")
MOVES = tuple(f"G1 X{i % 200} Y{i % 7} F3000" for i in range(5000))
_NUMBER = re.compile(rb"^N(\d+) G1", re.MULTILINE)
ROUND = 200  # replies between two fresh conversations
WHOLE_OKS = 0.35  # so that a print goes on
FINAL_SHARE = 0.01  # what ends a conversation must not end each at once


def reply(chance: random.Random, near: int) -> bytes:
    """One reply, sound or not; numbers are often those that matter just now."""
    if chance.random() < WHOLE_OKS:
        return b"ok\n" * chance.randint(1, 4)
    text = chance.choice(FINAL if chance.random() < FINAL_SHARE else FORMS)
    if chance.random() < 0.6:
        text = re.sub(r"\b(?:12|13|3|5)\b", lambda _found: str(near + chance.randint(-3, 3)), text)
    data = bytearray(text.encode() + chance.choice(ENDS))
    kind = chance.randrange(6)
    if kind == 0 and data:
        del data[chance.randrange(len(data)) :]
    elif kind == 1 and data:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    elif kind == 2:
        data += chance.choice(FORMS).encode()[chance.randrange(9) :] + b"\n"
    elif kind == 3:
        data = bytearray(chance.randbytes(chance.randint(1, 40)))
    elif kind == 4 and chance.random() < 0.02:
        data = bytearray(b"x" * chance.randint(500, 5000))
    return bytes(data)


def hear(dialect: str, seed: int, replies: int) -> str:
    """Let a link of this dialect hear so many; what went wrong, or nothing."""
    chance = random.Random(seed)
    done = 0
    while done < replies:
        link, now, unpacker = begin(dialect, chance)
        sent = (link.next_line or 1) - 1  # with a clean wire its books were right
        for _ in range(min(ROUND, replies - done)):
            done += 1
            now += chance.choice((0.0, 0.001, 0.1, 2.0))
            link.receive_data(reply(chance, sent) or b"\n", now)
            if link.deadline is not None and link.deadline <= now:
                link.handle_timeout(now)
            if link.deadline is None:
                break  # gone or halted: it hears nothing more
            out = link.data_to_send(now)
            text, _ = unpacker.take(out)
            sent = max([sent, *(int(found) for found in _NUMBER.findall(text))])
            acked = link.acked_line
            if acked is not None and acked > sent:
                return f"line {acked} counts as acknowledged, {sent} was the last one sent (seed {seed})"
            if (
                len(link._lines._rest) > MAX_REPLY_BYTES
                or len(out) > 2 * link._window.bytes + 4 * MAX_REPLY_BYTES
            ):
                return f"{len(link._lines._rest)} bytes kept, {len(out)} to send (seed {seed})"
    return ""


def begin(dialect: str, chance: random.Random) -> tuple[Link, float, Unpacker]:
    """A conversation in the middle of a print, and what reads its lines."""
    profile = find_profile(PROFILES[dialect])
    if chance.random() < 0.5:
        profile = msgspec.structs.replace(
            profile, link=msgspec.structs.replace(profile.link, window_lines=32)
        )
    talk = Dialogue(Link(profile), board_of(dialect, 0.0))
    talk.open()
    assert talk.run(lambda: talk.has(Ready), 120), "a clean wire"
    talk.link.stream(Commands(1, MOVES), 1)
    talk.run(lambda: (talk.link.next_line or 0) > 10, 60)
    unpacker = Unpacker()
    if talk.link._packing.is_on:
        unpacker.take(ON)
    return talk.link, talk.now, unpacker


def main() -> None:
    """``python -m tests.farm.link.fuzz [--replies N]``: exit 1 when a link did what it may not."""
    asked = argparse.ArgumentParser(prog="make fuzz")
    asked.add_argument("--replies", type=int, default=1_000_000, help="for each dialect")
    asked.add_argument("--seed", type=int, default=0)
    wanted = asked.parse_args()
    workers = os.cpu_count() or 1
    share = -(-wanted.replies // (4 * workers))
    is_broken = False
    with ProcessPoolExecutor(workers) as pool:
        for dialect in PROFILES:
            begun_s = time.monotonic()
            seeds = range(wanted.seed, wanted.seed + 4 * workers)
            troubles = [one for one in pool.map(partial(hear, dialect, replies=share), seeds) if one]
            is_broken = is_broken or bool(troubles)
            took_s = time.monotonic() - begun_s
            sys.stdout.write(
                f"{dialect:14} {share * len(seeds):,} replies, {len(troubles)} troubles, {took_s:.0f} s\n"
            )
            sys.stdout.write("".join(f"  {one}\n" for one in troubles[:5]))
            sys.stdout.flush()
    peak_mib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    sys.stdout.write(f"peak memory of the largest process: {peak_mib:.0f} MiB\n")
    sys.exit(is_broken)


if __name__ == "__main__":
    main()
