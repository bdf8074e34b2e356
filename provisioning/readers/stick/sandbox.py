"""Locking a process in before it reads one byte of a stranger's stick: limits, Landlock, seccomp. For good.

The allow list is made by libseccomp (Debian's systemd brings libseccomp2), which knows each processor's
numbers. What is not on the list kills the process: nothing that a stick can hold is worth a second try.
"""

import contextlib
import ctypes
import os
import resource
from collections.abc import Iterable

# seccomp.h of libseccomp 2.5
ACT_KILL_PROCESS, ACT_KILL_THREAD, ACT_ALLOW = 0x80000000, 0x00000000, 0x7FFF0000
CMP_EQ, CMP_MASKED_EQ = 4, 7
WORD = 0xFFFFFFFF  # a file descriptor is 32 bits; the upper half of its register is not promised to be empty

# linux/prctl.h, linux/mman.h, linux/landlock.h (its calls have the same numbers on every processor)
PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 4, 38
PROT_EXEC, MAP_ANONYMOUS = 0x4, 0x20
LANDLOCK_CREATE_RULESET, LANDLOCK_RESTRICT_SELF = 444, 446
LANDLOCK_VERSION = 1
LANDLOCK_FS_OF_ABI_1 = (1 << 13) - 1

MEMORY_BYTES = (
    128 * 1024 * 1024
)  # of addresses: Python with ctypes maps about 30 MiB, a message adds at most 2
CPU_S = 10  # of a whole visit: looking costs some milliseconds

# what bytes objects need; their memory is never executable and never a file's
MEMORY_CALLS = ("brk", "munmap", "mremap", "exit", "exit_group")
MAP_CALLS = ("mmap", "mmap2")
DEVICE_CALLS = (
    *("pread64", "preadv", "preadv2", "pwrite64", "fsync", "fdatasync"),
    *("fadvise64", "fadvise64_64", "arm_fadvise64_64"),
)


class NoSandboxError(Exception):
    """This machine cannot lock a process in: sticks are not read on it."""


class _Compare(ctypes.Structure):
    """``struct scmp_arg_cmp``: one condition on one argument of a call."""

    _fields_ = (
        ("arg", ctypes.c_uint),
        ("op", ctypes.c_int),
        ("datum_a", ctypes.c_uint64),
        ("datum_b", ctypes.c_uint64),
    )


class Filter:
    """A seccomp allow list in the making."""

    def __init__(self, library: str = "libseccomp.so.2") -> None:
        try:
            self._lib = ctypes.CDLL(library, use_errno=True)
        except OSError as error:
            raise NoSandboxError(str(error)) from error
        self._lib.seccomp_init.restype = ctypes.c_void_p
        self._lib.seccomp_init.argtypes = [ctypes.c_uint32]
        self._lib.seccomp_load.argtypes = [ctypes.c_void_p]
        self._lib.seccomp_rule_add_array.argtypes = [
            *(ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int),
            *(ctypes.c_uint, ctypes.POINTER(_Compare)),
        ]
        # where an outer filter hides the call that asks for it, killing the only thread is the same
        found = self._lib.seccomp_init(ACT_KILL_PROCESS) or self._lib.seccomp_init(ACT_KILL_THREAD)
        if not found:
            raise NoSandboxError("seccomp_init")
        self._context: int = found

    def allow(self, call: str, *conditions: _Compare) -> None:
        """Let a call through when every condition holds; a call that this processor does not have is none to allow."""
        number: int = self._lib.seccomp_syscall_resolve_name(call.encode())
        if number < 0:
            return
        wanted = (_Compare * len(conditions))(*conditions)
        if self._lib.seccomp_rule_add_array(self._context, ACT_ALLOW, number, len(conditions), wanted):
            raise NoSandboxError(f"seccomp_rule_add {call}")

    def load(self) -> None:
        """From here on, until the process ends."""
        if self._lib.seccomp_load(self._context):
            raise NoSandboxError("seccomp_load")


def _on(descriptor: int) -> _Compare:
    return _Compare(0, CMP_MASKED_EQ, WORD, descriptor)


def lock_in(devices: Iterable[int], file_bytes: int) -> None:
    """Give up everything but reading standard input, writing standard output and the given open devices.

    A file (not a device) cannot grow beyond ``file_bytes``. Nothing undoes this.

    Raises:
        NoSandboxError: a part that must hold does not. The process must not go on.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    for option, value in ((PR_SET_NO_NEW_PRIVS, 1), (PR_SET_DUMPABLE, 0)):
        if libc.prctl(option, value, 0, 0, 0):
            raise NoSandboxError(f"prctl {option}")
    allowed = _allow_list(devices)
    _forbid_every_path(libc)
    _limit(file_bytes)
    allowed.load()


def _allow_list(devices: Iterable[int]) -> Filter:
    allowed = Filter()
    allowed.allow("read", _on(0))
    allowed.allow("write", _on(1))
    for device in devices:
        for call in DEVICE_CALLS:
            allowed.allow(call, _on(device))
    for call in MEMORY_CALLS:
        allowed.allow(call)
    for call in MAP_CALLS:
        allowed.allow(
            call,
            _Compare(2, CMP_MASKED_EQ, PROT_EXEC, 0),
            _Compare(3, CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS),
        )
    return allowed


def _forbid_every_path(libc: ctypes.CDLL) -> None:
    """Landlock without a single exception, where the kernel has it: a second wall behind the first."""
    version = libc.syscall(LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), LANDLOCK_VERSION)
    if version < 1:
        return
    handled = ctypes.c_uint64(LANDLOCK_FS_OF_ABI_1)
    ruleset = libc.syscall(LANDLOCK_CREATE_RULESET, ctypes.byref(handled), ctypes.c_size_t(8), 0)
    if ruleset < 0 or libc.syscall(LANDLOCK_RESTRICT_SELF, ruleset, 0):
        raise NoSandboxError("landlock")
    os.close(ruleset)


def _limit(file_bytes: int) -> None:
    for what, most in (
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_S),
        (resource.RLIMIT_FSIZE, file_bytes),
    ):
        hard = resource.getrlimit(what)[1]
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with contextlib.suppress(
            ValueError
        ):  # a limit below what is in use already: seccomp holds without it
            resource.setrlimit(what, (least, least))
