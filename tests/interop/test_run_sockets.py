#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""weft run: what sockets tell programs besides bytes, and what they keep: buffers, errors, interfaces, ancillary data."""
import fcntl
import socket
import struct
import termios
import threading
import time

from field import main, python
from lab import KERNEL


# ---- buffers ----

def unacknowledged(s):
    return struct.unpack('i', fcntl.ioctl(s, termios.TIOCOUTQ, b'\0' * 4))[0]


def what_is_not_read_holds_the_peer_up(field):
    """The pair is no room beside the receive buffer; and what was held up comes when the program reads."""
    listener, sent, taken = field.listen(), [0], []

    def serve():
        s, _ = listener.accept()
        s.setblocking(False)
        before = -1
        while sent[0] - before > 0 and sent[0] < 4 << 20:
            before = sent[0]
            for _ in range(20):
                try:
                    sent[0] += s.send(b'x' * 65536)
                except BlockingIOError:
                    time.sleep(.02)
        taken.append(sent[0] - unacknowledged(s))
        field.write('go', '')
        s.close()

    threading.Thread(target=serve, daemon=True).start()
    said = python(field, '''
import os, socket, sys, time
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32768)
s.connect((sys.argv[1], int(sys.argv[2])))
while not os.path.exists('go'):
    time.sleep(.02)
n = 0
while chunk := s.recv(65536):
    n += len(chunk)
print(n)
''', KERNEL, str(listener.getsockname()[1]))
    assert int(said) == sent[0], f'{said} of {sent[0]}'
    assert taken[0] <= 90000, f'{taken[0]} bytes were taken by a buffer of 65536'


TESTS = [
    what_is_not_read_holds_the_peer_up,
]


if __name__ == '__main__':
    main(TESTS)
