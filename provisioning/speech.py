"""Reading aloud: a short text in one language becomes a WAV, by Debian's espeak-ng in a process of its own.

Nothing is kept on disk and nothing of a text stands in a command line. Everyone may hear such a text; what is only for
one person must not be cached here.
"""

import hashlib
import logging
import shutil
import struct
import subprocess
import threading
from collections import OrderedDict
from collections.abc import Sequence

from provisioning.errors import Refused, Unavailable

log = logging.getLogger("passage.speech")

# Our languages and espeak-ng's voices for them (espeak-ng 1.51, `espeak-ng --voices`).
VOICES = {"nl": "nl", "fr": "fr-be", "en": "en-gb", "de": "de", "ar": "ar"}
WORDS_A_MINUTE = 140  # slower than espeak-ng's 175: it is heard once, in a corridor
TEXT_MAX = 1000  # characters: more than a minute aloud
SPEAKING_S = 5.0  # a text of full length takes a tenth of this on a Raspberry Pi 4
KEPT_BYTES = 6 * 1024 * 1024  # the sections of one agreement in one language, at 44 kB a second
HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")  # RIFF/WAVE: the canonical header of 44 bytes
RATE_HZ, SAMPLE_BYTES = 22_050, 2  # what espeak-ng writes: one channel, 16 bits


class SpeechMissing(Unavailable):
    """The program, or its voice for a language, is not on this machine."""

    code = "speech_missing"


class SpeechFailed(Unavailable):
    """The program failed, or took too long."""

    code = "speech_failed"


class TextTooLong(Refused):
    """More than :data:`TEXT_MAX` characters."""

    code = "speech_too_long"


class Speaker:
    """Turns texts into sound, one at a time; the last ones stay in memory."""

    def __init__(
        self,
        program: Sequence[str] = ("espeak-ng",),
        kept_bytes: int = KEPT_BYTES,
        within_s: float = SPEAKING_S,
    ) -> None:
        self._program = tuple(program)
        self._kept_bytes = kept_bytes
        self._within_s = within_s
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._voices: frozenset[str] | None = None
        self._lock = threading.Lock()  # also: one program at a time, the pages need the cores

    def can(self, language: str) -> bool:
        """Whether texts in this language can be read aloud here; the program is asked once."""
        with self._lock:
            return VOICES.get(language) in self._known()

    def wav(self, text: str, language: str) -> bytes:
        """The text aloud: a RIFF/WAVE file, one channel, 16 bits, 22,050 Hz.

        Raises:
            TextTooLong: nothing was asked.
            SpeechMissing: this machine has no voice for the language.
            SpeechFailed: the program failed or did not end in time.
        """
        if len(text) > TEXT_MAX:
            raise TextTooLong(characters=len(text))
        name = hashlib.sha256(f"{language}:{text}".encode()).hexdigest()
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
                return self._kept[name]
            if VOICES.get(language) not in self._known():
                raise SpeechMissing(language=language)
            sound = self._speak(text, VOICES[language])
            self._keep(name, sound)
            return sound

    def _known(self) -> frozenset[str]:
        if self._voices is None:
            self._voices = self._ask()
        return self._voices

    def _ask(self) -> frozenset[str]:
        if shutil.which(self._program[0]) is None:
            log.info("%s is not here: nothing is read aloud", self._program[0])
            return frozenset()
        try:
            listed = self._run(("--voices",), b"").decode("utf-8", "replace")
        except SpeechFailed as error:
            log.warning("no voices: %s", error)
            return frozenset()
        return frozenset(parts[1] for line in listed.splitlines() if len(parts := line.split()) > 1)

    def _speak(self, text: str, voice: str) -> bytes:
        words = ("-v", voice, "-s", str(WORDS_A_MINUTE), "-b", "1", "--stdin", "--stdout")
        return _with_lengths(self._run(words, text.encode()))

    def _run(self, words: tuple[str, ...], said: bytes) -> bytes:
        try:
            done = subprocess.run(
                (*self._program, *words), input=said, capture_output=True, check=True, timeout=self._within_s
            )
        except (subprocess.SubprocessError, OSError) as error:
            raise SpeechFailed(reason=type(error).__name__) from error
        return done.stdout

    def _keep(self, name: str, sound: bytes) -> None:
        self._kept[name] = sound
        while sum(map(len, self._kept.values())) > self._kept_bytes:
            self._kept.popitem(last=False)


def seconds_of(wav: bytes) -> float:
    """How long such a WAV plays."""
    return (len(wav) - HEADER.size) / (RATE_HZ * SAMPLE_BYTES)


def _with_lengths(raw: bytes) -> bytes:
    """The same sound with its true lengths: written to a pipe, the header could not know them.

    Raises:
        SpeechFailed: it is not the sound that espeak-ng writes, or there is none in it.
    """
    if len(raw) <= HEADER.size or raw[:4] != b"RIFF" or raw[8:12] != b"WAVE":
        raise SpeechFailed(reason="no sound")
    header = list(HEADER.unpack_from(raw))
    if (header[6], header[7], header[10], header[11]) != (1, RATE_HZ, SAMPLE_BYTES * 8, b"data"):
        raise SpeechFailed(reason="another kind of sound")
    body = raw[HEADER.size :]
    header[1], header[12] = HEADER.size - 8 + len(body), len(body)
    return HEADER.pack(*header) + body
