"""Runs a program that may open no AF_NETLINK socket, as in a unit whose RestrictAddressFamilies= lacks it."""

import ctypes
import errno
import os
import platform
import struct
import sys

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
LOAD, IF_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, FAIL = 0x7FFF0000, 0x00050000
SOCKET = {"x86_64": 41, "aarch64": 198}
NUMBER, FIRST_ARGUMENT = 0, 16   # where they are in seccomp_data
AF_NETLINK = 16


def forbid():
    """False where this machine's number of socket() is not known."""
    if platform.machine() not in SOCKET:
        return False
    program = b"".join(struct.pack("HBBI", *line) for line in (
        (LOAD, 0, 0, NUMBER), (IF_EQUAL, 0, 3, SOCKET[platform.machine()]),
        (LOAD, 0, 0, FIRST_ARGUMENT), (IF_EQUAL, 0, 1, AF_NETLINK),
        (RETURN, 0, 0, FAIL | errno.EAFNOSUPPORT), (RETURN, 0, 0, ALLOW)))
    lines = ctypes.create_string_buffer(program)
    filter_ = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(lines)))
    libc = ctypes.CDLL(None, use_errno=True)
    return libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 and \
        libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(filter_), 0, 0) == 0


if __name__ == "__main__":
    if not forbid():
        sys.exit(77)
    os.execv(sys.argv[1], sys.argv[1:])
