"""What the steps of run.py share: how one says that it is skipped, how it runs a command, and how it waits."""

import contextlib
import ctypes
import fcntl
import os
import shutil
import socket
import struct
import subprocess
import time

from deploying import ROOT

WAIT_S = 600
CLONE_NEWNET = 0x40000000
SIOCSIFFLAGS = 0x8914
IFF_UP = 1


class Skipped(Exception):
    """What is missing."""


def need(*tools):
    for name in tools:
        if shutil.which(name) is None:
            raise Skipped(f"{name} is not installed: deploy/dependencies.sh --tests --deploy")


def do(*command, **keywords):
    """Its standard output; fails with all that it said."""
    done = subprocess.run([str(each) for each in command], capture_output=True, text=True, check=False, cwd=ROOT, **keywords)
    if done.returncode != 0:
        said = (done.stdout + done.stderr)[-6000:]
        raise RuntimeError(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{said}")
    return done.stdout


def code_of(*command):
    return subprocess.run([str(each) for each in command], capture_output=True, check=False).returncode


def wait_for(condition, what):
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.5)  # between two looks
    raise RuntimeError(f"not within {WAIT_S} s: {what}")


def called(function, *arguments):
    if function(*arguments) != 0:
        raise OSError(ctypes.get_errno(), f"{function.__name__}: {os.strerror(ctypes.get_errno())}")


@contextlib.contextmanager
def own_network():
    """Within it this thread and what it starts have a network with a loopback alone, so that any port is free. Needs root."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/thread-self/ns/net", "rb") as outside:
        called(libc.unshare, CLONE_NEWNET)
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
                fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))
            yield
        finally:
            called(libc.setns, outside.fileno(), CLONE_NEWNET)
