"""Reading aloud with the real espeak-ng: real sound in five languages, bounded, and silence without the program."""

from __future__ import annotations

import io
import shutil
import wave
from pathlib import Path

import pytest

from provisioning.speech import (
    TEXT_MAX,
    VOICES,
    Speaker,
    SpeechFailed,
    SpeechMissing,
    TextTooLong,
    seconds_of,
)

SAID = {
    "nl": "Uw badge en uw code zijn alleen voor u.",
    "fr": "Votre badge et votre code sont seulement pour vous.",
    "en": "Your badge and your code are only for you.",
    "de": "Ihr Ausweis und Ihr Code sind nur für Sie.",
    "ar": "بطاقتك ورمزك لك وحدك.",
}


@pytest.fixture(scope="module")
def speaker() -> Speaker:
    if shutil.which("espeak-ng") is None:
        pytest.skip("Debian's espeak-ng is not installed")
    return Speaker()


def stand_in(folder: Path, body: str, within_s: float = 5) -> Speaker:
    """A program of that shell text in espeak-ng's place: it knows one voice and counts how often it spoke."""
    program = folder / "speaks"
    voices = "echo 'Pty Language'; echo ' 5  en-gb  M  English'; exit 0"
    program.write_text(
        f'#!/bin/sh\ncase "$*" in *--voices*) {voices};; esac\necho said >>{folder}/said\n{body}\n'
    )
    program.chmod(0o755)
    return Speaker([str(program)], within_s=within_s)


def test_every_language_of_the_house_has_a_voice(speaker: Speaker) -> None:
    assert set(VOICES) == set(SAID)
    assert [language for language in SAID if not speaker.can(language)] == []
    assert not speaker.can("ja")


@pytest.mark.parametrize("language", SAID)
def test_a_sentence_becomes_sound_that_says_how_long_it_is(speaker: Speaker, language: str) -> None:
    sound = speaker.wav(SAID[language], language)
    with wave.open(io.BytesIO(sound)) as read:
        frames = read.readframes(read.getnframes())
        assert (read.getnchannels(), read.getsampwidth(), read.getframerate()) == (1, 2, 22_050)
        assert read.getnframes() / read.getframerate() == pytest.approx(seconds_of(sound))
    assert 1.0 < seconds_of(sound) < 8.0
    assert len(set(frames)) > 100, "not silence"


def test_what_looks_like_an_option_or_markup_is_only_text(speaker: Speaker) -> None:
    plain = speaker.wav("--help", "en")
    assert plain[:4] == b"RIFF"
    assert seconds_of(speaker.wav("$(sleep 9) ; 'a' \" b", "en")) > 0.5


def test_the_same_text_is_spoken_once_and_another_language_is_another_text(tmp_path: Path) -> None:
    real = shutil.which("espeak-ng")
    if real is None:
        pytest.skip("Debian's espeak-ng is not installed")
    speaker = stand_in(tmp_path, f'exec {real} "$@"')
    first = speaker.wav("One text", "en")
    assert speaker.wav("One text", "en") == first
    assert (tmp_path / "said").read_text().count("said") == 1
    speaker.wav("Another text", "en")
    assert (tmp_path / "said").read_text().count("said") == 2


def test_what_is_kept_in_memory_is_bounded(speaker: Speaker) -> None:
    small = Speaker(kept_bytes=200_000)
    for number in range(6):
        small.wav(f"This is sentence number {number}.", "en")
    assert 0 < sum(map(len, small._kept.values())) <= 200_000


def test_a_text_that_is_too_long_is_not_spoken(tmp_path: Path) -> None:
    with pytest.raises(TextTooLong):
        stand_in(tmp_path, "exit 0").wav("a" * (TEXT_MAX + 1), "en")
    assert not (tmp_path / "said").exists()


def test_a_full_text_is_spoken_within_its_time(speaker: Speaker) -> None:
    assert seconds_of(speaker.wav(("word " * TEXT_MAX)[:TEXT_MAX], "en")) > 30


@pytest.mark.parametrize("body", ["exit 3", "echo no sound", "printf RIFF", "head -c 60 /dev/zero"])
def test_a_program_that_fails_or_gives_no_sound_is_named(tmp_path: Path, body: str) -> None:
    with pytest.raises(SpeechFailed):
        stand_in(tmp_path, body).wav("One text", "en")


def test_a_program_that_hangs_is_ended(tmp_path: Path) -> None:
    with pytest.raises(SpeechFailed, match="TimeoutExpired"):
        stand_in(tmp_path, "exec sleep 60", within_s=0.2).wav("One text", "en")


def test_without_the_program_or_the_voice_nothing_can_be_read_aloud(tmp_path: Path) -> None:
    nowhere = Speaker([str(tmp_path / "no-such-program")])
    assert not nowhere.can("en")
    with pytest.raises(SpeechMissing):
        nowhere.wav("One text", "en")
    english = stand_in(tmp_path, "exit 0")
    assert english.can("en")
    assert not english.can("ar")
    with pytest.raises(SpeechMissing):
        english.wav("نص", "ar")
