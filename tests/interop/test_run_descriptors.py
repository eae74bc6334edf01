#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""weft run: a socket that several descriptors lead to, in one program or in several. The same program runs on both
stacks, with a peer on the kernel's; both say, and their peers hear, the same; and nothing of it stays with the host."""
import socket
import subprocess
import sys

import lab
from lab import KERNEL, OURS, PATIENCE, until

PYTHON = '/usr/bin/python3'
PORT = 7000  # of the program's, where it listens

# argv: the peer's address and port; more.
BEGIN = '''
import errno, fcntl, os, select, signal, socket, subprocess, sys
def connect():
    return socket.create_connection((sys.argv[1], int(sys.argv[2])))
'''

# Gives a socket, its own no longer, to the program of argv[3], which ends before it.
GIVE = '''
ours, theirs = socket.socketpair()
with subprocess.Popen([sys.executable, '-c', sys.argv[3]], stdin=theirs) as taker:
    socket.send_fds(ours, [b'.'], [s.fileno()])
    s.close()
print(taker.returncode)
'''
TAKE = '''
import socket
s = socket.socket(fileno=socket.recv_fds(socket.socket(fileno=0), 1, 1)[1][0])
print(s.family.name, s.type.name, s.getsockname()[1], flush=True)
'''


def on_the_kernel(*program):
    return subprocess.Popen(program, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True)


def the_same_on_both(lab_, text, converse, *arguments):
    """converse: talks with the program at an address, through a listener whom the program knows; tells what it heard.
    Gives that, and what the program said."""
    outcomes = []
    for address, start in ((OURS, lab_.start), (KERNEL, on_the_kernel)):
        with socket.create_server((KERNEL, 0)) as listener:
            listener.settimeout(PATIENCE)
            program = start(PYTHON, '-c', BEGIN + text, KERNEL, str(listener.getsockname()[1]), *arguments)
            try:
                heard = converse(address, listener)
                said, _ = program.communicate(timeout=PATIENCE)
            finally:
                if program.poll() is None:
                    program.terminate()
                    print(f'# {program.communicate()[0]}', file=sys.stderr)
        assert program.returncode == 0, said
        outcomes.append((heard, said))
    assert outcomes[0] == outcomes[1], f'{outcomes[0]}\nwhere the kernel has\n{outcomes[1]}'
    until(lambda: not lab_.held(), 'an empty table')
    return outcomes[0]


def accept(listener, n):
    """The next n connections, of which none waits for ever."""
    connections = [listener.accept()[0] for _ in range(n)]
    for s in connections:
        s.settimeout(PATIENCE)
    return connections


def arrive(address):
    """A connection to the program, as soon as it listens."""
    connections = []

    def came():
        try:
            connections.append(socket.create_connection((address, PORT), PATIENCE))
        except ConnectionRefusedError:
            return False
        return True

    until(came, 'the program listening')
    return connections[0]


def ending(s):
    """What comes until the end, and which end it is; closes it."""
    got = b''
    with s:
        try:
            while chunk := s.recv(65536):
                got += chunk
        except ConnectionResetError:
            return got, 'reset'
    return got, 'end'


# ---- passed on ----

def an_accepted_socket_is_passed_on(lab_):
    def converse(address, _):
        with arrive(address) as s:
            s.sendall(b'ask')
            answer = s.recv(3, socket.MSG_WAITALL)
            s.shutdown(socket.SHUT_WR)
            return answer, ending(s)

    heard, said = the_same_on_both(lab_, '''
listener = socket.create_server(('', 7000))
s, _ = listener.accept()
''' + GIVE, converse, TAKE + '''
while chunk := s.recv(100):
    s.sendall(chunk.upper())
''')
    assert heard == (b'ASK', (b'', 'end')) and said == 'AF_INET SOCK_STREAM 7000\n0\n', (heard, said)


def a_listening_socket_is_passed_on(lab_):
    """Who accepts is the other program; with its last descriptor the port is free."""
    def converse(address, _):
        told = [ending(arrive(address)) for _ in range(2)]
        try:
            socket.create_connection((address, PORT), PATIENCE).close()
        except ConnectionRefusedError:
            return told + ['refused']
        return told

    heard, said = the_same_on_both(lab_, '''
s = socket.create_server(('', 7000))
''' + GIVE, converse, TAKE + '''
for i in range(2):
    connection, _ = s.accept()
    connection.sendall(b'%d' % i)
    if i == 1:
        s.close()
    connection.close()
''')
    assert heard == [(b'0', 'end'), (b'1', 'end'), 'refused'] and said == 'AF_INET SOCK_STREAM 7000\n0\n', (heard, said)


# ---- exec, fork, dup ----

def exec_closes_what_it_shall(lab_):
    def converse(_, listener):
        kept, gone = accept(listener, 2)
        end = ending(gone)  # before the new program has heard from us
        kept.sendall(b'go')
        return end, ending(kept)

    heard, said = the_same_on_both(lab_, '''
kept, gone = connect(), connect()
kept.set_inheritable(True)
os.execv(sys.executable, [sys.executable, '-c', sys.argv[3], str(kept.fileno()), str(gone.fileno())])
''', converse, '''
import errno, os, socket, sys
s = socket.socket(fileno=int(sys.argv[1]))
try:
    os.fstat(int(sys.argv[2]))
except OSError as e:
    print(errno.errorcode[e.errno])
print(s.family.name, s.recv(2, socket.MSG_WAITALL))
s.sendall(b'after exec')
''')
    assert heard == ((b'', 'end'), (b'after exec', 'end')) and said == "EBADF\nAF_INET b'go'\n", (heard, said)


def a_close_in_one_process_is_none_in_the_other(lab_):
    """A shutdown is."""
    def converse(_, listener):
        parents, childs, shut = accept(listener, 3)
        with shut:
            half = shut.recv(10)  # the child's shutdown, while the parent has it open
            shut.sendall(b'go')
            for s in (parents, childs):
                s.sendall(b'go')
            return half, ending(parents), ending(childs), ending(shut)

    heard, said = the_same_on_both(lab_, '''
a, b, c = connect(), connect(), connect()
pid = os.fork()
if pid == 0:
    a.close()
    c.shutdown(socket.SHUT_WR)
    c.close()
    b.sendall(b'child' + b.recv(2, socket.MSG_WAITALL))
    os._exit(0)
b.close()
print(c.recv(2, socket.MSG_WAITALL))
a.sendall(b'parent' + a.recv(2, socket.MSG_WAITALL))
print(os.waitpid(pid, 0)[1])
''', converse)
    assert heard == (b'', (b'parentgo', 'end'), (b'childgo', 'end'), (b'', 'end')), heard
    assert said == "b'go'\n0\n", said


def the_last_descriptor_ends_a_connection(lab_):
    """dup, F_DUPFD and dup2, which closes what was there; and of a listener."""
    def converse(address, listener):
        s, covered = accept(listener, 2)
        covered_end = ending(covered)
        s.sendall(b'go')
        end = ending(s)
        return covered_end, end, ending(arrive(address))

    heard, _ = the_same_on_both(lab_, '''
a, b = connect(), connect()
first = os.dup(a.fileno())
a.close()
os.write(first, b'one ')
second = fcntl.fcntl(first, fcntl.F_DUPFD_CLOEXEC, 100)
os.close(first)
os.write(second, b'two ')
third = os.dup2(second, b.fileno())
os.close(second)
os.write(third, b'three ' + os.read(third, 2))
b.close()
s = socket.create_server(('', 7000))
d = s.dup()
s.close()
d.accept()[0].sendall(b'by a duplicate')
''', converse)
    assert heard == ((b'', 'end'), (b'one two three go', 'end'), (b'by a duplicate', 'end')), heard


# ---- killed ----

def a_killed_child_ends_what_was_its_own(lab_):
    """A reset where something lay unread; else an end in order, behind all that it wrote. What it shared stays."""
    def converse(_, listener):
        idle, unread, writing, shared = accept(listener, 4)
        unread.sendall(b'never read')
        text, how = ending(writing)
        return ending(idle), ending(unread), (set(text), len(text) > 100000, how), ending(shared)

    heard, said = the_same_on_both(lab_, '''
idle, unread, writing, shared = (connect() for _ in range(4))
ready, tell = os.pipe()
pid = os.fork()
if pid == 0:
    select.select([unread], [], [])
    writing.setblocking(False)
    written = 0
    while written < 150000:
        select.select([], [writing], [])
        written += writing.send(b'x' * 65536)
    os.write(tell, b'.')
    while True:
        signal.pause()
for s in (idle, unread, writing):
    s.close()
os.read(ready, 1)
os.kill(pid, signal.SIGKILL)
print(os.waitpid(pid, 0)[1])
shared.sendall(b'alive')
''', converse)
    assert heard == ((b'', 'end'), (b'', 'reset'), ({ord('x')}, True, 'end'), (b'alive', 'end')), heard
    assert said == '9\n', said


lab.main([
    an_accepted_socket_is_passed_on,
    a_listening_socket_is_passed_on,
    exec_closes_what_it_shall,
    a_close_in_one_process_is_none_in_the_other,
    the_last_descriptor_ends_a_connection,
    a_killed_child_ends_what_was_its_own,
], kinds=('tap',))
