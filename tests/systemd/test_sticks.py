"""The udev rule and the usbguard example: what udev's own words would do to a stick, as far as can be read here."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNITS = Path(__file__).resolve().parents[2] / "systemd"
RULE = UNITS / "udev" / "59-passage-stick.rules"
KEYS = UNITS / "udev" / "71-passage-keys.rules"
POLICY = UNITS / "usbguard" / "passage-kiosk.rules"
TOKEN = re.compile(r'[A-Z_]+(\{[\w./-]+\})?(==|!=|\+=|-=|=|:=)"[^"]*"')


def lines(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if line and not line.startswith("#")]


@pytest.mark.parametrize("rule", [RULE, KEYS], ids=lambda rule: rule.name)
def test_every_line_of_a_rule_is_udevs_grammar_and_every_jump_arrives(rule: Path) -> None:
    text = "\n".join(lines(rule))
    for line in lines(rule):
        assert all(TOKEN.fullmatch(token.strip()) for token in line.split(", ")), line
    assert set(re.findall(r'GOTO="(\w+)"', text)) == set(re.findall(r'LABEL="(\w+)"', text))


def test_the_rule_comes_before_those_that_would_parse_and_mount() -> None:
    assert RULE.name < "60-persistent-storage.rules"
    text = RULE.read_text()
    assert 'ENV{UDISKS_IGNORE}="1"' in text
    assert 'ENV{UDEV_DISABLE_PERSISTENT_STORAGE_RULES_FLAG}="1"' in text
    assert 'SYMLINK+="disk/by-path/$env{ID_PATH}"' in text


def test_the_group_that_opens_sticks_is_the_readers() -> None:
    group = re.search(r'GROUP="([\w-]+)", MODE="0660"', RULE.read_text())
    assert group is not None
    unit = (UNITS / "passage-kiosk-reader.service").read_text()
    assert f"Group={group[1]}\n" in unit
    assert "DeviceAllow=block-sd rw\n" in unit


def test_security_keys_are_the_readers_and_no_browsers() -> None:
    assert "60-fido-id.rules" < KEYS.name < "73-seat-late.rules"
    line = next(line for line in lines(KEYS) if "ID_SECURITY_TOKEN" in line)
    assert 'TAG-="uaccess"' in line
    group = re.search(r'GROUP="([\w-]+)", MODE="0660"', line)
    assert group is not None
    for unit in ("passage-kiosk-reader.service", "passage-farm-reader.service"):
        text = (UNITS / unit).read_text()
        assert f"Group={group[1]}\n" in text
        assert "DeviceAllow=char-hidraw rw\n" in text


def test_a_farms_reader_cannot_open_what_printers_hang_on() -> None:
    assert "tty" not in (UNITS / "passage-farm-reader.service").read_text()


def test_the_example_policy_refuses_a_stick_that_types() -> None:
    policy = lines(POLICY)
    refusal = policy.index("reject with-interface all-of { 08:*:* 03:*:* }")
    storage = [at for at, line in enumerate(policy) if line.startswith("allow") and "08:" in line]
    assert storage
    assert min(storage) > refusal, "the first rule that fits decides"
    assert all("via-port" in policy[at] and "equals { 08:06:50 }" in policy[at] for at in storage)


def test_usbguard_reads_the_example() -> None:
    parser = shutil.which("usbguard-rule-parser")
    if parser is None:
        pytest.skip("usbguard is not installed")
    done = subprocess.run([parser, "-f", str(POLICY)], capture_output=True, check=False, timeout=20)
    assert done.returncode == 0, done.stderr
