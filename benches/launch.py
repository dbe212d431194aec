"""Runs one program to completion and prints what it used, as JSON: wall, CPU, peak memory, exit status.

    launch.py SECONDS LOG PROGRAM ARGUMENT...

A process of its own for each run, and as small as can be (`python3 -I -S`): Linux counts the memory of whoever calls exec
to the peak of what is executed, so a large starter would hide the peak of a small program. What remains is about 5 MB.
"""
import os
import signal
import sys
import time


def main():
    seconds, log, command = float(sys.argv[1]), sys.argv[2], sys.argv[3:]
    begin = time.monotonic()
    child = os.fork()
    if child == 0:
        try:
            os.setsid()
            nothing = os.open("/dev/null", os.O_RDONLY)
            to = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
            os.dup2(nothing, 0)
            os.dup2(to, 1)
            os.dup2(to, 2)
            os.execvp(command[0], command)
        except BaseException:
            os._exit(127)

    def late(*_):
        try:
            os.killpg(child, signal.SIGKILL)
        except ProcessLookupError:
            pass

    for name in ("SIGALRM", "SIGTERM", "SIGINT"):
        signal.signal(getattr(signal, name), late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    _, status, used = os.wait4(child, 0)
    wall = time.monotonic() - begin
    signal.setitimer(signal.ITIMER_REAL, 0)
    # Linux counts in KiB, the BSDs and macOS in bytes.
    peak = used.ru_maxrss / (1024 if sys.platform != "darwin" else 1 << 20)
    user, system = used.ru_utime, used.ru_stime
    print('{"wall": %f, "user": %f, "system": %f, "peak": %f, "exit": %d}'
          % (wall, user, system, peak, os.waitstatus_to_exitcode(status)))


main()
