"""A virtual security key in somebody's hand, and the socket it is plugged into: finger, cable and file."""

import errno
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from fido2.ctap import STATUS, CtapDevice, CtapError
from fido2.hid import CAPABILITY, CTAPHID

from provisioning.clock import Clock, SystemClock
from provisioning.sim.security_key.authenticator import Authenticator
from provisioning.sim.security_key.memory import Memory, blank_memory, load_memory, save_memory

TOUCH_S = 30.0  # CTAP 2.1 §6.1.2 leaves the wait for a finger to the key; 30 s is usual
LOOK_S = 0.05  # how soon a waiting key notices cancel; keys send their keepalive each 100 ms (§11.2.9.2.1)


class VirtualKey:
    """One key: touched or not, plugged or not. Everything else it does through CTAP2, like a real one."""

    def __init__(
        self,
        memory: Memory | None = None,
        *,
        clock: Clock | None = None,
        file: Path | None = None,
        touched: bool = True,
        touch_s: float = TOUCH_S,
    ) -> None:
        self.memory = memory or blank_memory()
        self._clock = clock or SystemClock()
        self._file = file
        self._touch_s = touch_s
        self._touched = touched
        self._plugs = 0  # odd: plugged in; every handle belongs to one plugging
        self._changed = threading.Condition()
        self._busy = threading.Lock()
        self._inside = Authenticator(self.memory, self._clock, self._save)

    @classmethod
    def in_file(cls, file: Path, *, clock: Clock | None = None, touched: bool = True) -> "VirtualKey":
        """The key that is kept in ``file``, made there when it is new.

        Raises:
            Corrupt: ``virtual_key_unreadable``.
        """
        key = cls(load_memory(file), clock=clock, file=file, touched=touched)
        key._save()
        return key

    def copy(self) -> "VirtualKey":
        """A clone as it lies there: same secrets, same PIN, same counter; from now on each counts for itself."""
        return VirtualKey(self.memory.copy(), clock=self._clock, touched=self._touched, touch_s=self._touch_s)

    @property
    def is_plugged(self) -> bool:
        """Whether it has power."""
        return self._plugs % 2 == 1

    def touch(self, *, touched: bool = True) -> None:
        """Put a finger on it, or take it away; it lies there until then."""
        with self._changed:
            self._touched = touched
            self._changed.notify_all()

    def plug(self) -> "KeyHandle":
        """Give it power and open it."""
        with self._changed:
            if not self.is_plugged:
                self._plugs += 1
                self._inside.power_up()
            return KeyHandle(self, self._plugs)

    def pull(self) -> None:
        """Take its power away, whatever it was doing."""
        with self._changed:
            if self.is_plugged:
                self._plugs += 1
                self._changed.notify_all()

    def exchange(
        self,
        plugging: int,
        request: bytes,
        event: threading.Event | None,
        on_keepalive: Callable[[STATUS], None] | None,
    ) -> bytes:
        """One CTAP2 request from the handle that was opened at ``plugging``.

        Raises:
            OSError: ENODEV, as hidraw says it: the key was pulled out.
            CtapError: CHANNEL_BUSY: it is waiting for a finger.
        """
        if not self._busy.acquire(blocking=False):
            raise CtapError(CtapError.ERR.CHANNEL_BUSY)
        try:
            self.check_power(plugging)
            done = self._inside.answer(request, lambda: self._wait_for_touch(plugging, event, on_keepalive))
            self.check_power(plugging)
            return done
        finally:
            self._busy.release()

    def check_power(self, plugging: int) -> None:
        """Raises OSError (ENODEV) when the key was pulled out since ``plugging``."""
        if self._plugs != plugging:
            raise OSError(errno.ENODEV, "the security key was pulled out")

    def _wait_for_touch(
        self,
        plugging: int,
        event: threading.Event | None,
        on_keepalive: Callable[[STATUS], None] | None,
    ) -> None:
        """Comes back with a finger on the key. Raises CtapError at cancel or too late, OSError when pulled."""
        until_s = self._clock.monotonic_s() + self._touch_s
        if on_keepalive is not None and not self._touched:
            on_keepalive(STATUS.UPNEEDED)
        with self._changed:
            while True:
                self.check_power(plugging)
                if event is not None and event.is_set():
                    raise CtapError(CtapError.ERR.KEEPALIVE_CANCEL)
                if self._touched:
                    return
                if self._clock.monotonic_s() >= until_s:
                    raise CtapError(CtapError.ERR.USER_ACTION_TIMEOUT)
                self._changed.wait(LOOK_S)

    def _save(self) -> None:
        if self._file is not None:
            save_memory(self.memory, self._file)


class KeyHandle(CtapDevice):
    """What an opened hidraw node is to a real key; good until the key is pulled out."""

    def __init__(self, key: VirtualKey, plugging: int) -> None:
        self._key = key
        self._plugging = plugging

    @property
    def capabilities(self) -> int:
        """CTAP 2.1 §11.2.9.1.3: speaks CBOR, blinks, knows no U2F."""
        return CAPABILITY.CBOR | CAPABILITY.WINK | CAPABILITY.NMSG

    def check(self) -> None:
        """Raises OSError (ENODEV) when the key was pulled out."""
        self._key.check_power(self._plugging)

    def call(
        self,
        cmd: int,
        data: bytes = b"",
        event: threading.Event | None = None,
        on_keepalive: Callable[[STATUS], None] | None = None,
    ) -> bytes:
        """One command of CTAPHID (§11.2.9). Raises as :meth:`VirtualKey.exchange`."""
        if cmd == CTAPHID.CBOR:
            return self._key.exchange(self._plugging, data, event, on_keepalive)
        if cmd in {CTAPHID.PING, CTAPHID.WINK}:
            return data
        raise CtapError(CtapError.ERR.INVALID_COMMAND)

    @classmethod
    def list_devices(cls) -> Iterator["KeyHandle"]:
        """None: a virtual key is found in the socket it is plugged into."""
        return iter(())


class KeySocket:
    """A place for virtual keys, as the reader's process looks at it: names, and handles to open."""

    def __init__(self) -> None:
        self._keys: dict[str, VirtualKey] = {}

    def plug(self, key: VirtualKey, name: str = "") -> None:
        """Put a key in."""
        key.plug()
        self._keys = {**self._keys, name or key.memory.serial: key}

    def pull(self, name: str = "") -> None:
        """Take a key out, or all of them."""
        gone = {one: key for one, key in self._keys.items() if name in {"", one}}
        self._keys = {one: key for one, key in self._keys.items() if one not in gone}
        for key in gone.values():
            key.pull()

    def names(self) -> frozenset[str]:
        """What is plugged in."""
        return frozenset(self._keys)

    def open(self, name: str) -> CtapDevice:
        """A handle. Raises OSError (ENODEV) when it is gone."""
        key = self._keys.get(name)
        if key is None:
            raise OSError(errno.ENODEV, "no such security key")
        return key.plug()
