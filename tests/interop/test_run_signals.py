# SPDX-License-Identifier: MIT
"""Calls of programs on `weft run` that are interrupted: by signals, stops, tracers, and the end of whoever calls."""
import collections
import contextlib
import os
import socket
import threading

from field import KERNEL, PYTHON, main, python
from lab import until

INTERRUPTED = os.path.abspath(os.environ.get('INTERRUPTED', 'build-test/tests/interop/interrupted'))
PERIOD = bytes(range(251))


def serve(listener, talk):
    """A thread for each connection, until there are no more."""
    def accept():
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=talk, args=listener.accept()[:1], daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return str(listener.getsockname()[1])


def send_pattern(connection):
    with connection, contextlib.suppress(OSError):
        while True:
            connection.sendall(PERIOD * 1000)


def lines(done):
    return done.stdout.splitlines()


def a_stream_that_is_read_has_no_gap(field):
    """By 3 threads of each of two processes, each with a signal every 50 µs."""
    port = serve(field.listen(), send_pattern)
    done = field.on_weft(INTERRUPTED, KERNEL, port, 'read', '3', '50', '4000', timeout=120)
    assert len(lines(done)) == 6, done.stdout


def what_is_sent_out_of_turn_goes_once(field):
    """Urgent bytes, and with a name: what comes is the pattern."""
    heard = []

    def look(connection):
        with connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
            at, good = 0, True
            while chunk := connection.recv(65536):
                good = good and chunk == (PERIOD * 263)[at % 251:][:len(chunk)]
                at += len(chunk)
            heard.append((good, at))

    port = serve(field.listen(), look)
    done = field.on_weft(INTERRUPTED, KERNEL, port, 'write', '3', '100', '4000', timeout=120)
    until(lambda: len(heard) == 6, 'the end of each connection')
    said = [int(line.split()[0]) for line in lines(done)]
    assert sorted(heard) == sorted((True, n) for n in said), (heard, said)


def a_connection_that_begins_with_text_begins_once(field):
    """MSG_FASTOPEN, with and without a cookie, waiting and not."""
    heard = collections.Counter()

    def look(connection):
        with connection:
            text = b''
            while chunk := connection.recv(65536):
                text += chunk
            heard[text == PERIOD or text] += 1

    listener = field.listen()
    listener.listen(64)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 64)
    with contextlib.suppress(OSError), open('/proc/sys/net/ipv4/tcp_fastopen', 'w', encoding='ascii') as option:
        option.write('3')
    done = field.on_weft(INTERRUPTED, KERNEL, serve(listener, look), 'early', '2', '100', '300', timeout=60)
    assert len(lines(done)) == 4, done.stdout
    until(lambda: heard.total() >= 1200, 'the end of each connection')
    assert heard == {True: 1200}, heard


def a_connect_says_once_how_it_went(field):
    """Waiting and not, and SO_ERROR of one that was refused."""
    listener = field.listen()
    listener.listen(64)
    done = field.on_weft(INTERRUPTED, KERNEL, serve(listener, socket.socket.close), 'connect', '2', '100', '300',
                         timeout=60)
    assert len(lines(done)) == 4, done.stdout


def a_program_that_is_traced_reads_and_writes(field):
    """Nobody else can stop it then: its answers may be lost, but that takes more signals than these."""
    port = serve(field.listen(), send_pattern)
    done = field.on_weft(INTERRUPTED, 'traced', INTERRUPTED, KERNEL, port, 'read', '2', '5000', '300', timeout=60)
    assert len(lines(done)) == 4, done.stdout


def a_program_is_stopped_and_killed(field):
    """Its parent, which is on weft too, is told of it as always: once."""
    port = serve(field.listen(), send_pattern)
    said = python(field, '''
import os, random, signal, subprocess, sys, time
random.seed(7)
for i in range(25):
    p = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, start_new_session=True)
    for _ in range(3):
        time.sleep(random.uniform(0, .02))
        os.killpg(p.pid, signal.SIGSTOP)
        assert os.WSTOPSIG(os.waitpid(p.pid, os.WUNTRACED)[1]) == signal.SIGSTOP
        time.sleep(random.uniform(0, .002))
        assert os.waitpid(p.pid, os.WNOHANG | os.WUNTRACED) == (0, 0)
        os.killpg(p.pid, signal.SIGCONT)
        assert os.WIFCONTINUED(os.waitpid(p.pid, os.WCONTINUED)[1])
    end = [signal.SIGKILL, signal.SIGTERM][i % 2]
    os.killpg(p.pid, end)
    assert os.WTERMSIG(os.waitpid(p.pid, 0)[1]) == end
print('done')
''', INTERRUPTED, KERNEL, port, 'read', '2', '50', '1000000', timeout=60)
    assert said == 'done\n', said
    killed = field.on_weft('timeout', '-s', 'KILL', '0.5', INTERRUPTED, KERNEL, port, 'read', '2', '50', '1000000',
                           check=False)
    assert killed.returncode == 137, killed
    ended = field.on_weft('sh', '-c', 'timeout .3 "$@"; exit 7', 'sh', INTERRUPTED, KERNEL, port, 'read', '2', '50',
                          '1000000', check=False)
    assert ended.returncode == 7, ended


def threads_end_while_they_read(field):
    """With their process, which runs another program, or exits."""
    port = serve(field.listen(), send_pattern)
    script = field.write('ends.py', '''
import os, socket, sys, threading, time
def read():
    s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
    s.setsockopt(socket.IPPROTO_TCP, 36, 1)  # TCP_INQ
    while s.recvmsg(10, 100)[0]:
        pass
left = int(sys.argv[3])
for _ in range(2):
    threading.Thread(target=read, daemon=True).start()
time.sleep(.01 + left % 5 * .003)
child = os.fork()
if not child:
    threading.Thread(target=read, daemon=True).start()
    time.sleep(left % 3 * .005)
    os._exit(left)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == left
if left:
    os.execv(sys.executable, [sys.executable, *sys.argv[:3], str(left - 1)])
print('done', flush=True)
os._exit(0)
''')
    done = field.on_weft(PYTHON, script, KERNEL, port, '25', timeout=60)
    assert done.stdout == 'done\n', done.stdout


def who_gets_no_processor_holds_nobody_up(field):
    """A reader that comes last on its processor, behind three who never rest; another asks meanwhile."""
    port = serve(field.listen(), send_pattern)
    cpu = str(max(os.sched_getaffinity(0)))
    busy = [field.start(['taskset', '-c', cpu, 'timeout', '3', 'sh', '-c', 'while :; do :; done']) for _ in range(3)]
    said = python(field, '''
import os, socket, sys, time
to, cpu, pattern = (sys.argv[1], int(sys.argv[2])), int(sys.argv[3]), bytes(range(251)) * 2
def read(s):
    s.setsockopt(socket.IPPROTO_TCP, 36, 1)  # TCP_INQ
    os.sched_setaffinity(0, {cpu})
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    at = 0
    while at < 20000:
        got = s.recvmsg(100, 100)[0]
        assert got == pattern[at % 251:at % 251 + len(got)], at
        at += len(got)
s = socket.create_connection(to)
child = os.fork()
if not child:
    read(s)
    os._exit(0)
worst = 0
while os.waitpid(child, os.WNOHANG)[0] == 0:
    before = time.monotonic()
    s.getpeername()
    worst = max(worst, time.monotonic() - before)
    time.sleep(.001)
print(worst < .5, worst)
''', KERNEL, port, cpu, timeout=60)
    assert said.startswith('True'), said
    for process in busy:
        process.wait()


TESTS = [
    a_stream_that_is_read_has_no_gap,
    what_is_sent_out_of_turn_goes_once,
    a_connection_that_begins_with_text_begins_once,
    a_connect_says_once_how_it_went,
    a_program_that_is_traced_reads_and_writes,
    a_program_is_stopped_and_killed,
    threads_end_while_they_read,
    who_gets_no_processor_holds_nobody_up,
]


if __name__ == '__main__':
    main(TESTS)
