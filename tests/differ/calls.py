# SPDX-License-Identifier: MIT
"""What the user of a connection may call besides reading and writing: every call of the table, in every state of the
socket, with arguments that are right and others that are wrong. `--wide` mixes these steps into a life (see differ)."""
import ctypes
import socket
import struct

NOWHERE = 16  # no address: EFAULT

SOCKET, IP, TCP = 1, 0, 6

# Names of another world than the stack's: devices, processors, cookies of the kernel, security modules, the clock's
# value; and what the two say differently on purpose (docs/sockets.md).
NOT_ASKED = {
    (SOCKET, 16), (SOCKET, 17),                  # SO_PASSCRED, SO_PEERCRED
    (SOCKET, 25), (SOCKET, 26), (SOCKET, 27),    # devices, filters
    (SOCKET, 31), (SOCKET, 34), (SOCKET, 49), (SOCKET, 50), (SOCKET, 51), (SOCKET, 52),
    (SOCKET, 55), (SOCKET, 56), (SOCKET, 57), (SOCKET, 59), (SOCKET, 62), (SOCKET, 71),
    (TCP, 11), (TCP, 24), (TCP, 26), (TCP, 28), (TCP, 35),
}
SOCKET_OPTIONS = [n for n in range(1, 84) if (SOCKET, n) not in NOT_ASKED]
TCP_OPTIONS = [n for n in range(1, 48) if (TCP, n) not in NOT_ASKED]
IP_OPTIONS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 18, 20, 21, 22, 23, 24, 32, 33, 34, 49, 50, 51]
VALUES = [-1, 0, 1, 2, 3, 5, 40, 100, 127, 128, 255, 536, 1000, 4096, 32768, 65535, 100000, 1 << 30]
LENGTHS = [4, 4, 4, 4, 4, 4, 0, 1, 2, 3, 8, 16, -1]

# Options that are set, with values that mean something; what they lead to is seen in the segments that follow.
SET = [
    (SOCKET, 2, [0, 1]), (SOCKET, 5, [0, 1]), (SOCKET, 7, [0, 1, 2048, 4096, 20000, 1 << 30]),
    (SOCKET, 8, [0, 1, 1000, 4096, 20000, 1 << 30]), (SOCKET, 9, [0, 1]), (SOCKET, 10, [0, 1]),
    (SOCKET, 12, [-1, 0, 5, 6, 7]), (SOCKET, 15, [0, 1]), (SOCKET, 18, [0, 1, 1000, 5000]), (SOCKET, 46, [0, 50]),
    (SOCKET, 47, [-1, 100000, 10000000]), (SOCKET, 60, [0, 1, 2]), (SOCKET, 72, [0, 1, 2, 3, 4]),
    (TCP, 1, [0, 1]), (TCP, 2, [-1, 0, 87, 88, 536, 1000, 1460, 32767, 32768]), (TCP, 3, [0, 1]),
    (TCP, 4, [0, 1, 2, 32767, 32768]), (TCP, 5, [0, 1, 32767, 32768]), (TCP, 6, [0, 1, 127, 128]),
    (TCP, 7, [0, 1, 127, 128]), (TCP, 8, [-1, 0, 1, 3, 60, 120, 121, 1 << 30]), (TCP, 9, [0, 1, 3, 10]),
    (TCP, 10, [-1, 0, 1, 1000, 5000, 20000]), (TCP, 12, [-1, 0, 1, 2, 3, 5]), (TCP, 16, [0, 1, 2]),
    (TCP, 17, [0, 1, 2]), (TCP, 18, [-1, 0, 1, 500, 3000]), (TCP, 19, [0, 1]), (TCP, 23, [-1, 0, 1, 10]),
    (TCP, 25, [-1, 0, 1, 1000, 1 << 20]), (TCP, 27, [0, 1, 2]), (TCP, 30, [0, 1, 2]), (TCP, 34, [0, 1]),
    (TCP, 36, [-1, 0, 1, 2]), (TCP, 37, [-1, 0, 1000]), (TCP, 44, [0, 999, 1000, 60000, 120001]),
    (TCP, 45, [0, 1, 1000, 5000, 1 << 30]), (TCP, 46, [0, 1, 1000, 40000, 1 << 30]),
    (IP, 1, [-1, 0, 1, 4, 16, 184, 255, 256]), (IP, 2, [-2, -1, 0, 1, 64, 255, 256]), (IP, 8, [0, 1]),
    (IP, 10, [-1, 0, 1, 2, 3, 4, 5, 6]), (IP, 11, [0, 1]), (IP, 12, [0, 1]), (IP, 13, [0, 1]),
    (IP, 15, [0, 1]), (IP, 21, [-1, 0, 1, 255, 256]), (IP, 24, [0, 1]),
]

FAMILIES = [socket.AF_INET, socket.AF_UNSPEC, socket.AF_INET6, socket.AF_UNIX]

STEPS = [
    (lambda r: ('getopt', (SOCKET, r.choice(SOCKET_OPTIONS), r.choice(LENGTHS))), 6),
    (lambda r: ('getopt', (TCP, r.choice(TCP_OPTIONS), r.choice(LENGTHS))), 6),
    (lambda r: ('getopt', (IP, r.choice(IP_OPTIONS), r.choice(LENGTHS))), 3),
    (lambda r: ('getopt', (r.choice([2, 17, 41, 255, 9999]), r.choice([1, 2, 3]), 4)), 1),
    (lambda r: chosen(r), 14),
    (lambda r: ('setopt', (SOCKET, r.choice(SOCKET_OPTIONS), r.choice(VALUES), r.choice(LENGTHS))), 2),
    (lambda r: ('setopt', (TCP, r.choice(TCP_OPTIONS), r.choice(VALUES), r.choice(LENGTHS))), 2),
    (lambda r: ('linger', (r.choice([0, 1]), r.choice([0, 1]))), 1),
    (lambda r: ('timeout', (r.choice([20, 21]), r.choice([-1, 0, 1]), r.choice([-1, 0, 1000, 1000000]))), 1),
    (lambda r: ('congestion', r.choice(['reno', 'cubic', 'nonesuch', '', 'reno\0\0\0', 'cubicc'])), 1),
    (lambda r: ('receive', (r.choice([0, 1, 100, 5000]),
                            r.choice([0, 1, 2, 0x20, 0x40, 0x42, 0x140, 0x2000, 0x100, 0x22, 0x3, 0x41]))), 8),
    (lambda r: ('transmit', (r.choice([0, 1, 100, 5000]),
                             r.choice([0, 1, 2, 4, 0x40, 0x80, 0x81, 0x800, 0x4000, 0x8000, 0x20000000, 0x20]))), 6),
    (lambda r: ('transmit_to', (r.choice([0, 10, 2000]), r.choice([0, 0x20000000, 0x40]), r.choice(FAMILIES),
                                r.choice([0, 2, 8, 16, 28]))), 2),
    (lambda r: ('bind_again', (r.choice(FAMILIES), r.choice([0, 1, 8, 15, 16, 28, 200]), r.choice(['192.168.0.1', '9.9.9.9']),
                               r.choice([0, 8080, 8081]))), 3),
    (lambda r: ('connect_again', (r.choice(FAMILIES), r.choice([0, 1, 2, 8, 15, 16, 28, 200]), r.choice([40000, 40001]))), 3),
    (lambda r: ('listen_again', r.choice([-1, 0, 1, 5])), 3),
    (lambda r: ('accept_again', r.choice([0, 16, 2, -1])), 3),
    (lambda r: ('shutdown', r.choice([0, 1, 2, 3, -1])), 3),
    (lambda r: ('control', r.choice([0x541b, 0x8905, 0x5411, 0x894b, 0x5452, 0x8903, 0x8904, 0x1234])), 6),
    (lambda r: ('flags', (r.choice([1, 2, 3, 4, 4, 8, 9, 1030, 1031, 99]), r.choice([0, 0o4000, 0o2000, 1]))), 2),
    (lambda r: ('watch', (r.choice([1, 1, 2, 3, 4]), r.choice([1, 4, 5, 0x2005, 0x80000005, 0x4000001f, 0]))), 5),
    (lambda r: ('wait', r.choice([0, 1, 8, -1])), 6),
    (lambda r: ('polled', r.choice([0, 1, 4, 0x2, 0x2000, 0x41, 0x104, 0x3ff])), 4),
    (lambda r: ('vector', (r.choice(['read', 'write']), r.choice([(), (0,), (10, 0, 20), (1000, 2000)]))), 2),
    (lambda r: ('pour', (r.choice(['in', 'out']), r.choice([0, 1, 1000, 100000]), r.choice([2, 6]))), 3),
    (lambda r: ('again', None), 1),
    (lambda r: ('nowhere', r.choice(['read', 'write', 'send', 'getopt', 'setopt', 'bind', 'connect', 'poll', 'ioctl'])), 1),
    (lambda r: ('no_socket', r.choice(['read', 'write', 'close', 'listen', 'getopt', 'shutdown', 'accept'])), 1),
]


def chosen(r):
    level, option, values = r.choice(SET)
    return 'setopt', (level, option, r.choice(values), 4)


class Calls:
    """The calls, on self.stack and self.fd; each returns what can be compared."""

    epoll = None
    pipe = None
    more = ()

    def getopt(self, argument):
        level, option, length = argument
        if self.fd is None:
            return None
        buffer, n = ctypes.create_string_buffer(b'\xee' * 64, 64), ctypes.c_int(length)
        result = self.stack.getsockopt(self.fd, level, option, buffer, ctypes.byref(n))
        return [result, n.value, buffer.raw[:max(0, min(n.value, 64))].hex()] if result == 0 else result

    def setopt(self, argument):
        level, option, value, length = argument
        if self.fd is None:
            return None
        result = self.stack.setsockopt(self.fd, level, option, struct.pack('=iiii', value, 0, 0, 0), length)
        return [result, self.getopt((level, option, 4))]

    def linger(self, argument):
        if self.fd is None:
            return None
        self.stack.setsockopt(self.fd, SOCKET, 13, struct.pack('=ii', *argument), 8)
        return self.getopt((SOCKET, 13, 8))

    def timeout(self, argument):
        option, seconds, micros = argument
        if self.fd is None:
            return None
        result = self.stack.setsockopt(self.fd, SOCKET, option, struct.pack('=qq', seconds, micros), 16)
        return [result, self.getopt((SOCKET, option, 16))]

    def congestion(self, name):
        if self.fd is None:
            return None
        result = self.stack.setsockopt(self.fd, TCP, 13, name.encode(), len(name))
        return [result, self.getopt((TCP, 13, 16))]

    def receive(self, argument):
        n, flags = argument
        return self.stack.recv(self.fd, ctypes.create_string_buffer(max(n, 1)), n, flags) if self.fd is not None else None

    def transmit(self, argument):
        n, flags = argument
        return self.stack.send(self.fd, b'z' * n, n, flags) if self.fd is not None else None

    def place(self, family, where, port):
        address = struct.pack('=H', family) + struct.pack('!H', port)
        return address + (socket.inet_aton(where) if family != socket.AF_INET6 else bytes(4)) + bytes(250)

    def transmit_to(self, argument):
        n, flags, family, length = argument
        if self.fd is None:
            return None
        return self.stack.sendto(self.fd, b'z' * n, n, flags, self.place(family, '192.0.2.1', 40000), length)

    def bind_again(self, argument):
        family, length, where, port = argument
        return self.stack.bind(self.fd, self.place(family, where, port), length) if self.fd is not None else None

    def connect_again(self, argument):
        family, length, port = argument
        return self.stack.connect(self.fd, self.place(family, '192.0.2.1', port), length) if self.fd is not None else None

    def listen_again(self, backlog):
        return self.stack.listen(self.fd, backlog) if self.fd is not None else None

    def accept_again(self, length):
        if self.fd is None:
            return None
        buffer, n = ctypes.create_string_buffer(128), ctypes.c_int(length)
        fd = self.stack.accept(self.fd, buffer if length else None, ctypes.byref(n) if length else None)
        if fd >= 0:
            self.stack.close(fd)
        return [min(fd, 0), n.value, buffer.raw[:max(0, min(n.value, 16))].hex()]

    def control(self, request):
        if self.fd is None:
            return None
        value = ctypes.c_int(1)
        result = self.stack.ioctl(self.fd, request, ctypes.byref(value))
        return [result, value.value]

    def flags(self, argument):
        command, value = argument
        if self.fd is None or command in (0, 1030):
            return None
        return self.stack.fcntl(self.fd, command, value | (0o4000 if command == 4 else 0))  # nothing may block

    def watch(self, argument):
        op, events = argument
        if self.fd is None:
            return None
        if self.epoll is None:
            self.epoll = self.stack.epoll_create(1)
        event = struct.pack('=IQ', events, 77) if ctypes.sizeof(ctypes.c_void_p) == 8 else None
        return self.stack.epoll_ctl(self.epoll, op, self.fd, event)

    def wait(self, most):
        if self.epoll is None:
            return None
        buffer = ctypes.create_string_buffer(12 * 8)
        n = self.stack.epoll_wait(self.epoll, buffer, most, 0)
        return [n] + [list(struct.unpack_from('=IQ', buffer.raw, 12 * i)) for i in range(max(n, 0))]

    def polled(self, events):
        if self.fd is None:
            return None
        pollfd = (ctypes.c_short * 4).from_buffer_copy(struct.pack('=ihh', self.fd, events, 0))
        return [self.stack.poll(pollfd, 1, 0), pollfd[3]]

    def vector(self, argument):
        which, sizes = argument
        if self.fd is None:
            return None
        pieces = [ctypes.create_string_buffer(b'v' * max(n, 1)) for n in sizes]
        table = b''.join(struct.pack('=QQ', ctypes.addressof(piece), n) for piece, n in zip(pieces, sizes))
        call = self.stack.readv if which == 'read' else self.stack.writev
        return call(self.fd, table or bytes(16), len(sizes))

    def pour(self, argument):
        which, n, flags = argument
        if self.fd is None:
            return None
        if self.pipe is None:
            pair = (ctypes.c_int * 2)()
            self.stack.pipe(pair)
            self.pipe = list(pair)
        if which == 'in':
            return self.stack.splice(self.fd, None, self.pipe[1], None, n, flags)
        return self.stack.splice(self.pipe[0], None, self.fd, None, n, flags)

    def again(self, _):
        """Closes a descriptor that is closed already, and calls on it."""
        if self.fd is not None or self.listener is None:
            return None
        fd, self.listener = self.listener, None
        return [self.stack.close(fd), self.stack.close(fd), self.stack.listen(fd, 1)]

    def nowhere(self, which):
        if self.fd is None:
            return None
        bad, n = ctypes.c_void_p(NOWHERE), ctypes.c_int(4)
        return {
            'read': lambda: self.stack.read(self.fd, bad, 10),
            'write': lambda: self.stack.write(self.fd, bad, 10),
            'send': lambda: self.stack.send(self.fd, bad, 10, 0x40),
            'getopt': lambda: self.stack.getsockopt(self.fd, SOCKET, 3, bad, ctypes.byref(n)),
            'setopt': lambda: self.stack.setsockopt(self.fd, TCP, 1, bad, 4),
            'bind': lambda: self.stack.bind(self.fd, bad, 16),
            'connect': lambda: self.stack.connect(self.fd, bad, 16),
            'poll': lambda: self.stack.poll(bad, 1, 0),
            'ioctl': lambda: self.stack.ioctl(self.fd, 0x541b, bad),
        }[which]()

    def no_socket(self, which):
        """The same of a number that is none, and of a pipe's end, which is no socket."""
        pair = (ctypes.c_int * 2)()
        self.stack.pipe(pair)
        told, n = [], ctypes.c_int(4)
        for fd in (1062, pair[0]):
            told.append({
                'read': lambda fd=fd: self.stack.recv(fd, ctypes.create_string_buffer(4), 4, 0x40),
                'write': lambda fd=fd: self.stack.send(fd, b'abcd', 4, 0x40),
                'close': lambda: 0,
                'listen': lambda fd=fd: self.stack.listen(fd, 1),
                'getopt': lambda fd=fd: self.stack.getsockopt(fd, SOCKET, 3, ctypes.create_string_buffer(4), ctypes.byref(n)),
                'shutdown': lambda fd=fd: self.stack.shutdown(fd, 1),
                'accept': lambda fd=fd: self.stack.accept(fd, None, None),
            }[which]())
        self.stack.close(pair[0])
        self.stack.close(pair[1])
        return told
