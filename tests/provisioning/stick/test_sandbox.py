"""What a locked-in process can still do, and that everything else ends it."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from provisioning.readers.stick import sandbox
from provisioning.readers.stick.child import identity_of
from provisioning.readers.stick.door import TOP

START = f"""
import ctypes, mmap, os, resource, signal, socket, sys, threading
sys.path.insert(0, {str(TOP)!r})
from provisioning.readers.stick.sandbox import lock_in
device = os.open(sys.argv[1], os.O_RDWR)
other = os.open(sys.argv[1], os.O_RDWR)
libc = ctypes.CDLL(None, use_errno=True)
page = mmap.mmap(-1, 4096)
pipe = os.pipe()
lock_in([device], 8192)
os.write(1, b"locked ")
"""

FORBIDDEN = {
    "open a file": "os.open('/etc/hostname', os.O_RDONLY)",
    "open to write": "os.open('/tmp/x', os.O_WRONLY | os.O_CREAT)",
    "internet socket": "socket.socket()",
    "unix socket": "socket.socket(socket.AF_UNIX)",
    "socket pair": "socket.socketpair()",
    "run a program": "os.execv('/bin/true', ['true'])",
    "fork": "os.fork()",
    "thread": "threading.Thread(target=print).start()",
    "signal another": "os.kill(1, 0)",
    "signal itself": "os.kill(os.getpid(), signal.SIGTERM)",
    "read another descriptor": "os.read(pipe[0], 1)",
    "read the device without a place": "os.read(device, 1)",
    "write another descriptor": "os.write(pipe[1], b'x')",
    "write standard error": "os.write(2, b'x')",
    "another descriptor of the same device": "os.pread(other, 1, 0)",
    "pwrite another descriptor": "os.pwrite(other, b'x', 0)",
    "duplicate": "os.dup(device)",
    "new pipe": "os.pipe()",
    "look at a file": "os.stat('/etc/hostname')",
    "list a folder": "os.listdir('/')",
    "remove": "os.unlink(sys.argv[1])",
    "rename": "os.rename(sys.argv[1], sys.argv[1] + '2')",
    "truncate": "os.ftruncate(device, 0)",
    "device control": "libc.ioctl(device, 0x1260, page)",
    "memory to run": "mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)",
    "memory of a file": "libc.mmap(None, 4096, 1, 2, device, 0)",
    "make memory run": "libc.mprotect(libc.sbrk(0), 4096, 7)",
    "limits back": "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))",
    "mount": "libc.mount(b'none', b'/mnt', b'tmpfs', 0, None)",
    "trace": "libc.ptrace(0, 0, 0, 0)",
    "new walls": "libc.prctl(38, 1, 0, 0, 0)",
    "who am I": "os.setuid(65534)",
    "directory": "os.chdir('/')",
}


def locked(tmp_path: Path, then: str) -> subprocess.CompletedProcess[bytes]:
    file = tmp_path / "device"
    file.write_bytes(b"device" + bytes(4090))
    command = [sys.executable, "-I", "-S", "-c", START + then, str(file)]
    return subprocess.run(command, capture_output=True, check=False, timeout=20, input=b"in")


@pytest.mark.parametrize("attempt", FORBIDDEN.values(), ids=FORBIDDEN)
def test_a_locked_in_process_dies_of_anything_else(tmp_path: Path, attempt: str) -> None:
    ended = locked(tmp_path, attempt + "\nos.write(1, b'alive')")
    assert ended.stdout == b"locked ", ended.stderr
    assert ended.returncode == -signal.SIGSYS


def test_a_locked_in_process_reads_and_writes_its_device(tmp_path: Path) -> None:
    ended = locked(
        tmp_path,
        "os.pwrite(device, b'W', 0); os.fdatasync(device); os.fsync(device)\n"
        "os.posix_fadvise(device, 0, 4096, os.POSIX_FADV_DONTNEED)\n"
        "os.preadv(device, [page], 0)\n"
        "os.write(1, os.pread(device, 6, 0) + page[:3] + os.read(0, 2)); os._exit(7)",
    )
    assert ended.stdout == b"locked WeviceWevin"
    assert ended.returncode == 7


def test_a_locked_in_process_still_has_memory_to_work_with(tmp_path: Path) -> None:
    ended = locked(tmp_path, "x = [bytes(n) for n in range(0, 300000, 999)]; x[0:9] = []; del x; os._exit(7)")
    assert ended.returncode == 7


def test_a_file_grows_to_its_limit_and_no_further(tmp_path: Path) -> None:
    ended = locked(
        tmp_path,
        "took = os.pwrite(device, b'x' * 9000, 0)\n"
        "try:\n    os.pwrite(device, b'x', 8192)\nexcept OSError as error:\n"
        "    os.write(1, b'%d %d' % (took, error.errno)); os._exit(7)",
    )
    assert ended.stdout == b"locked 8192 27"  # EFBIG
    assert (tmp_path / "device").stat().st_size == 8192


def test_memory_has_its_limit(tmp_path: Path) -> None:
    ended = locked(
        tmp_path,
        "try:\n    x = bytes(200_000_000)\nexcept MemoryError:\n    os.write(1, b'none'); os._exit(7)",
    )
    assert ended.stdout == b"locked none"


def test_landlock_alone_already_forbids_every_path() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(sandbox.LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), 1) < 1:
        pytest.skip("this kernel has no Landlock")
    program = (
        f"import ctypes, os, sys\nsys.path.insert(0, {str(TOP)!r})\n"
        "from provisioning.readers.stick import sandbox\n"
        "libc = ctypes.CDLL(None, use_errno=True)\nlibc.prctl(38, 1, 0, 0, 0)\n"
        "sandbox._forbid_every_path(libc)\n"
        "try:\n    os.open('/etc/hostname', os.O_RDONLY)\nexcept PermissionError:\n    os.write(1, b'forbidden')\n"
    )
    ended = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program], capture_output=True, check=False, timeout=20
    )
    assert ended.stdout == b"forbidden", ended.stderr


def test_without_libseccomp_a_stick_is_refused_before_a_byte_is_read(tmp_path: Path) -> None:
    with pytest.raises(sandbox.NoSandboxError):
        sandbox.Filter("libseccomp-of-no-machine.so")
    image = tmp_path / "stick.img"
    image.write_bytes(bytes(4096))
    program = (
        f"import sys\nsys.path.insert(0, {str(TOP)!r})\n"
        "from provisioning.readers.stick import sandbox, child\n"
        "sandbox.Filter.__init__.__defaults__ = ('libseccomp-of-no-machine.so',)\nchild.main()"
    )
    ended = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, str(image), identity_of(image.stat())],
        capture_output=True,
        check=False,
        timeout=20,
        input=b"L\0\0\0\0",
    )
    assert ended.stdout[4:] == b"-stick_no_sandbox"
    assert ended.returncode == 0


PROCESSORS = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7, "arm": 0x40000028}  # seccomp.h, SCMP_ARCH_*


@pytest.mark.parametrize("processor", PROCESSORS)
def test_every_processor_of_ours_has_the_calls_that_a_stick_needs(processor: str) -> None:
    library = ctypes.CDLL("libseccomp.so.2")

    def has(call: str) -> bool:
        number: int = library.seccomp_syscall_resolve_name_arch(
            ctypes.c_uint32(PROCESSORS[processor]), call.encode()
        )
        return number >= 0

    for call in (
        "read",
        "write",
        "pread64",
        "preadv",
        "pwrite64",
        "fdatasync",
        "exit_group",
        "brk",
        "munmap",
    ):
        assert has(call), call
    assert any(has(call) for call in sandbox.MAP_CALLS)
    assert any(has(call) for call in sandbox.DEVICE_CALLS if "fadvise" in call)


OUTER = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.prctl(65, 1, 0, 0, 0)  # PR_SET_MDWE, where the kernel has it
library = ctypes.CDLL("libseccomp.so.2")
library.seccomp_init.restype = ctypes.c_void_p
context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(0x7FFF0000)))
for call in (b"seccomp", b"landlock_create_ruleset", b"landlock_restrict_self", b"setrlimit"):
    number = library.seccomp_syscall_resolve_name(call)
    assert library.seccomp_rule_add_array(context, ctypes.c_uint32(0x00050001), number, 0, None) == 0
assert library.seccomp_load(context) == 0
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


def test_the_walls_also_stand_inside_the_fences_of_the_readers_unit(tmp_path: Path) -> None:
    """systemd 252: SystemCallFilter without seccomp() and Landlock (EPERM), MemoryDenyWriteExecute."""
    file = tmp_path / "device"
    file.write_bytes(b"device")
    inner = START + "os.write(1, os.pread(device, 6, 0)); os.open('/etc/hostname', os.O_RDONLY)"
    command = [sys.executable, "-I", "-S", "-c", OUTER, "-I", "-S", "-c", inner, str(file)]
    ended = subprocess.run(command, capture_output=True, check=False, timeout=20)
    assert ended.stdout == b"locked device", ended.stderr
    assert ended.returncode == -signal.SIGSYS
