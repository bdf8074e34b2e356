"""A USB cable for a virtual key: the 64-byte packets of CTAPHID, so that the client's HID half works for its bread.

Numbers are sections of the Client to Authenticator Protocol 2.1 (FIDO Alliance, 15 June 2021).
"""

import errno
import queue
import struct
import threading

from fido2.ctap import STATUS, CtapError
from fido2.hid import CTAPHID, TYPE_INIT, CtapHidDevice
from fido2.hid.base import CtapHidConnection, HidDescriptor

from provisioning.sim.security_key.device import KeyHandle, VirtualKey

PACKET_BYTES = 64  # §11.2.4: full speed
KEEPALIVE_S = 0.1  # §11.2.9.2.1: at least every 100 ms
BROADCAST = 0xFFFFFFFF  # §11.2.9.1.3
CHANNEL = 0x50415353
_GONE = b""


class HidCable(CtapHidConnection):
    """What an open hidraw node is to the client: packets out, packets in, until the key is pulled."""

    def __init__(self, handle: KeyHandle) -> None:
        self._handle = handle
        self._command, self._wanted, self._message = 0, 0, b""
        self._inbox: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._cancel = threading.Event()
        self._status = STATUS.PROCESSING
        self._working: threading.Thread | None = None

    def write_packet(self, data: bytes) -> None:
        """Take one packet of a request; the last one starts it (§11.2.4).

        Raises:
            OSError: ENODEV: the key was pulled out.
        """
        self._handle.check()
        if data[4] & TYPE_INIT:
            self._command, self._wanted = data[4] & ~TYPE_INIT, int.from_bytes(data[5:7], "big")
            self._message = data[7:]
        else:
            self._message += data[5:]
        if self._command == CTAPHID.CANCEL:
            self._cancel.set()
        elif len(self._message) >= self._wanted:
            self._start(self._command, self._message[: self._wanted])

    def read_packet(self) -> bytes:
        """The next packet of the answer, or a keepalive while the key works. Raises as :meth:`write_packet`."""
        while True:
            try:
                packet = self._inbox.get(timeout=KEEPALIVE_S)
            except queue.Empty:
                self._handle.check()
                if self._working is not None and self._working.is_alive():
                    return _packets(CTAPHID.KEEPALIVE, bytes([self._status]))[0]
                continue
            if packet == _GONE:
                raise OSError(errno.ENODEV, "the security key was pulled out")
            return packet

    def close(self) -> None:
        """Leave the key alone: what it waits for is cancelled."""
        self._cancel.set()

    def _start(self, command: int, message: bytes) -> None:
        if command == CTAPHID.INIT:  # §11.2.9.1.3: nonce, channel, protocol 2, version 1.0.0
            told = message + struct.pack(">IBBBBB", CHANNEL, 2, 1, 0, 0, self._handle.capabilities)
            self._answer(command, told, BROADCAST)
            return
        self._cancel.clear()
        self._status = STATUS.PROCESSING
        self._working = threading.Thread(target=self._work, args=(command, message), daemon=True)
        self._working.start()

    def _work(self, command: int, message: bytes) -> None:
        try:
            self._answer(command, self._handle.call(command, message, self._cancel, self._wait))
        except CtapError as error:  # §11.2.9.1.4
            self._answer(CTAPHID.ERROR, bytes([error.code]))
        except OSError:
            self._inbox.put(_GONE)

    def _wait(self, status: STATUS) -> None:
        self._status = status

    def _answer(self, command: int, message: bytes, channel: int = CHANNEL) -> None:
        for packet in _packets(command, message, channel):
            self._inbox.put(packet)


def plug_in(key: VirtualKey) -> CtapHidDevice:
    """A virtual key as the library opens a real one: through its HID packets."""
    descriptor = HidDescriptor(
        "virtual", 0x1209, 0, PACKET_BYTES, PACKET_BYTES, "Passage virtual key", key.memory.serial
    )
    return CtapHidDevice(descriptor, HidCable(key.plug()))


def _packets(command: int, message: bytes, channel: int = CHANNEL) -> list[bytes]:
    """A message in packets: one that says how long it is, and numbered ones (§11.2.4)."""
    first = struct.pack(">IBH", channel, TYPE_INIT | command, len(message)) + message[: PACKET_BYTES - 7]
    rest, size = message[PACKET_BYTES - 7 :], PACKET_BYTES - 5
    more = [
        struct.pack(">IB", channel, number) + rest[start : start + size]
        for number, start in enumerate(range(0, len(rest), size))
    ]
    return [one.ljust(PACKET_BYTES, b"\0") for one in (first, *more)]
