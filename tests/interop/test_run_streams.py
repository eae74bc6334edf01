#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""weft run: streams beside their bytes: connects that fail, and urgent data. The same program runs on both stacks, with
a peer on the kernel's, and says the same."""
import socket
import threading

from field import PYTHON, main, python
from lab import KERNEL, PATIENCE, run, until


def says_the_same(field, text, port):
    """A script of Python's on weft and on the kernel's stack, whose peer is KERNEL at this port: what both say."""
    ours = python(field, text, KERNEL, str(port))
    kernels = run(PYTHON, '-c', text, KERNEL, str(port)).stdout
    assert ours == kernels, f'{ours}\nwhere the kernel says\n{kernels}'
    return ours


# ---- connects that fail ----

def a_connect_that_failed_leaves_nothing_to_write_to(field):
    """Whoever polls, reads or writes afterwards hears of it, the first of them of the error; and may connect again."""
    listener = field.listen()
    port = listener.getsockname()[1]
    said = says_the_same(field, '''
import errno, os, select, socket, sys
peer, nobody = (sys.argv[1], int(sys.argv[2])), (sys.argv[1], 9)
def attempt(call, *arguments):
    try:
        return call(*arguments)
    except OSError as e:
        # What a plain call meets is the pair's.
        return 'error' if e.errno in (errno.ECONNREFUSED, errno.ECONNRESET) else errno.errorcode[e.errno]
def events(s):
    p = select.poll()
    p.register(s, select.POLLIN | select.POLLOUT | select.POLLRDHUP)
    return [e for _, e in p.poll(20000)]
def failed():
    s = socket.socket()
    s.setblocking(False)
    s.connect_ex(nobody)
    select.select([], [s], [], 20)
    return s
def ask(s):
    return s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
s = failed()
print(events(s), ask(s) == errno.ECONNREFUSED, ask(s), events(s), attempt(s.recv, 9), attempt(s.send, b'x'))
s = failed()
print(attempt(s.recv, 9), attempt(s.recv, 9), ask(s), attempt(s.send, b'x'))
s = failed()
print(attempt(s.send, b'x') in ('error', 'EPIPE'), attempt(s.send, b'x'))
s = failed()
print(s.connect_ex(nobody) == errno.ECONNREFUSED, ask(s), attempt(s.send, b'x'))
s.connect_ex(peer)
select.select([], [s], [], 20)
print(ask(s), attempt(s.send, b'after all'))
s.close()
s = socket.socket()
print(s.connect_ex(nobody) == errno.ECONNREFUSED, attempt(s.send, b'x'))
print(s.connect_ex(peer), attempt(s.send, b'after all'))
s.close()
for _ in range(3):
    s = socket.socket()
    s.bind(('', 4000))
    s.setblocking(False)
    s.connect_ex(nobody)
    select.select([], [s], [], 20)
    s.close()
print('its port is free again')
''', port)
    for _ in range(4):
        s, _ = listener.accept()
        with s:
            assert s.recv(100, socket.MSG_WAITALL) == b'after all', 'what was written before came too'
    assert said.splitlines()[0] == "[8221] True 0 [8213] b'' EPIPE", said


def who_is_named_on_a_stream_is_not_looked_at(field):
    """sockperf's server answers so. More than there is room for waits, as any write does."""
    listener = field.listen()
    heard = []

    def serve():
        for _ in range(2):
            s, _ = listener.accept()
            said = b''
            while chunk := s.recv(1 << 16):
                said += chunk
            heard.append(said)
            s.close()

    server = threading.Thread(target=serve, daemon=True)
    server.start()
    says_the_same(field, '''
import socket, sys
peer, other = (sys.argv[1], int(sys.argv[2])), (sys.argv[1], 9)
s = socket.create_connection(peer)
print(s.sendto(b'to', other), s.sendmsg([b' some', b'body'], [], 0, other))
left = bytes(2000000)
while left:
    left = left[s.sendto(left, other):]
''', listener.getsockname()[1])
    server.join(PATIENCE)
    assert heard == [b'to somebody' + bytes(2000000)] * 2, [len(said) for said in heard]


# ---- urgent data ----

def tell_urgently(s):
    """Each b'.' is answered by two bytes and an urgent one, any other byte by itself, until the client goes."""
    try:
        with s:
            while asked := s.recv(1):
                if asked == b'.':
                    s.send(b'abX', socket.MSG_OOB)
                else:
                    s.send(asked)
    except ConnectionResetError:
        pass  # he did not read everything


def urgent_data_is_told_of(field):
    """By POLLPRI, select's third set, EPOLLPRI and SIGURG; a plain read stops at the mark."""
    listener = field.listen()

    def serve():
        for _ in range(2 * 4):
            threading.Thread(target=tell_urgently, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    said = says_the_same(field, '''
import errno, fcntl, os, select, signal, socket, struct, sys
def fresh(*options):
    s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
    for option in options:
        s.setsockopt(socket.SOL_SOCKET, option, 1)
    return s
def urgent(s, ask=b'.'):
    s.send(ask)
    p = select.poll()
    p.register(s, select.POLLPRI)
    return [e == select.POLLPRI for _, e in p.poll(20000)]
def marked(s):
    return struct.unpack('i', fcntl.ioctl(s, 0x8905, bytes(4)))[0]
def out_of_band(s, flags=0):
    try:
        return s.recv(1, socket.MSG_OOB | flags)
    except OSError as e:
        return errno.errorcode[e.errno]
s = fresh()
print(out_of_band(s), marked(s), urgent(s), marked(s), s.recv(9), marked(s), out_of_band(s, socket.MSG_PEEK),
      out_of_band(s), out_of_band(s))
s.send(b'!')
print(s.recv(9), marked(s), urgent(s), select.select([], [], [s], 20)[2] == [s], out_of_band(s), s.recv(9))
s = fresh(socket.SO_OOBINLINE)
print(urgent(s), out_of_band(s), s.recv(9), marked(s), s.recv(9), marked(s))
s = fresh()
e = select.epoll()
e.register(s, select.EPOLLPRI | select.EPOLLET)
s.send(b'.')
print([what == select.EPOLLPRI for _, what in e.poll(20)], out_of_band(s))
s = fresh()
fcntl.fcntl(s, fcntl.F_SETOWN, os.getpid())
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGURG])
s.send(b'.')
print(signal.sigtimedwait([signal.SIGURG], 20).si_signo == signal.SIGURG, out_of_band(s))
''', listener.getsockname()[1])
    assert said.startswith("EINVAL 0 [True] 0 b'ab' 1 b'X' b'X' EINVAL\n"), said


def urgent_bytes_are_sent_by_either_call(field):
    listener = field.listen()
    heard = []

    def serve():
        s, _ = listener.accept()
        s.settimeout(None)  # Python would wait for POLLIN, which an urgent byte alone is not
        with s:
            while len(heard) < 4:
                plain = s.recv(2, socket.MSG_WAITALL)
                until(lambda: urgent_of(s, heard), 'the urgent byte')
                heard.append(plain)
                s.send(b'!')

    def urgent_of(s, into):
        try:
            into.append(s.recv(1, socket.MSG_OOB))
            return True
        except OSError:
            return False

    server = threading.Thread(target=serve, daemon=True)
    server.start()
    python(field, '''
import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
for send in (lambda: s.send(b'abX', socket.MSG_OOB), lambda: s.sendmsg([b'cd', b'Y'], [], socket.MSG_OOB)):
    assert send() == 3 and s.recv(1) == b'!'
''', KERNEL, str(listener.getsockname()[1]))
    server.join(PATIENCE)
    assert heard == [b'X', b'ab', b'Y', b'cd'], heard


# ---- quiet ----

def a_host_with_nothing_to_do_does_nothing(field):
    """Sockets that were shut down, or hold an urgent byte, have something to tell all the time: once is enough."""
    said = python(field, '''
import os, socket, time
def used():
    with open(f'/proc/{os.getppid()}/stat') as stat:
        fields = stat.read().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')
def datagrams():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(('127.0.0.1', 0))
    s.connect(s.getsockname())
    return s
def pair():
    listener = socket.create_server(('127.0.0.1', 0))
    s = socket.create_connection(listener.getsockname())
    return s, listener.accept()[0]
kept = [datagrams() for _ in range(3)]
for how, s in enumerate(kept):
    s.send(b'x')
    s.shutdown(how)
for ask in (lambda: None, lambda: b.recv(1, socket.MSG_OOB), lambda: a.shutdown(socket.SHUT_WR)):
    a, b = pair()
    a.send(b'X', socket.MSG_OOB)
    time.sleep(.05)
    ask()
    kept += a, b
a, b = pair()
b.shutdown(socket.SHUT_RD)
a.send(b'X', socket.MSG_OOB)
time.sleep(.1)
before = used()
time.sleep(.5)
print('quiet' if used() - before < .1 else f'{used() - before} s of .5')
''')
    assert said == 'quiet\n', said


TESTS = [
    a_connect_that_failed_leaves_nothing_to_write_to,
    who_is_named_on_a_stream_is_not_looked_at,
    urgent_data_is_told_of,
    urgent_bytes_are_sent_by_either_call,
    a_host_with_nothing_to_do_does_nothing,
]


if __name__ == '__main__':
    main(TESTS)
