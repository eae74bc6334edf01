#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""weft run: programs of Debian's, unmodified, on a stack of ours, against the kernel's in the same namespace."""
import platform
import re
import signal
import socket
import struct
import threading

import lab
from field import BIG, OURS6, PYTHON, main, python
from lab import KERNEL, LEAVE, OURS, WEFT, need, read_all, run, slow_listener, until


# ---- clients ----

def curl_fetches_a_file(field):
    need('curl')
    port = field.kernel_http()
    field.on_weft('curl', '-sS', '-o', 'got', f'http://{KERNEL}:{port}/big')
    with open(field.path('got'), 'rb') as f:
        assert f.read() == BIG


def curl_hears_that_nobody_listens(field):
    need('curl')
    done = field.on_weft('curl', '-sS', f'http://{KERNEL}:9/', check=False)
    assert done.returncode == 7 and 'weft' not in done.stderr, f'{done.returncode}: {done.stderr}'


def a_static_program_fetches_a_file(field):
    need('busybox')
    port = field.kernel_http()
    field.on_weft('busybox', 'wget', '-q', '-O', 'got', f'http://{KERNEL}:{port}/big')
    with open(field.path('got'), 'rb') as f:
        assert f.read() == BIG


def a_reset_arrives_as_a_reset(field):
    listener = field.listen()

    def serve():
        s, _ = listener.accept()
        s.sendall(b'half of it')
        assert s.recv(100) == b'go on'
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        s.close()

    threading.Thread(target=serve, daemon=True).start()
    said = python(field, '''
import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
print(s.recv(100).decode(), flush=True)
s.send(b'go on')
try:
    print('the end:', s.recv(100))
except ConnectionResetError:
    print('reset')
try:
    s.send(b'x')
    print('sent')
except BrokenPipeError:
    print('broken')
''', KERNEL, str(listener.getsockname()[1]))
    assert said.split('\n')[:3] == ['half of it', 'reset', 'broken'], said


def the_end_of_the_peers_data_is_the_end_of_the_file(field):
    listener = field.listen()
    heard = []

    def serve():
        s, _ = listener.accept()
        s.sendall(b'all of it')
        s.shutdown(socket.SHUT_WR)
        while chunk := s.recv(65536):
            heard.append(chunk)
        s.close()

    server = threading.Thread(target=serve, daemon=True)
    server.start()
    said = python(field, '''
import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
print(s.recv(100), s.recv(100))
s.sendall(b'x' * 300000)
s.shutdown(socket.SHUT_WR)
''', KERNEL, str(listener.getsockname()[1]))
    server.join(lab.PATIENCE)
    assert said == "b'all of it' b''\n", said
    assert sum(map(len, heard)) == 300000


def a_close_is_the_end_for_the_peer_while_the_program_goes_on(field):
    """Of a socket whose connect waited, and of one whose connect did not."""
    listener = field.listen()
    field.start(field.command(PYTHON, '-c', '''
import select, socket, sys, time
to = sys.argv[1], int(sys.argv[2])
socket.create_connection(to).close()
s = socket.socket()
s.setblocking(False)
s.connect_ex(to)
select.select([], [s], [])
s.close()
time.sleep(60)
''', KERNEL, str(listener.getsockname()[1])))
    for _ in range(2):
        with listener.accept()[0] as connection:
            connection.settimeout(lab.PATIENCE)
            assert connection.recv(1) == b''


def a_cork_holds_what_is_written_after_it(field):
    listener = field.listen()
    said = python(field, '''
import socket, sys, time
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
SENT = slice(200, 208)  # tcpi_bytes_sent
sent = lambda: int.from_bytes(s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)[SENT], sys.byteorder)
for _ in range(5):
    began = sent()
    s.send(b'before')
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
    time.sleep(.1)  # half as long as a cork lasts
    print(sent() - began, end=' ')
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)
''', KERNEL, str(listener.getsockname()[1]))
    assert said == '6 6 6 6 6 ', said


def connect_without_blocking_becomes_writable_when_it_is_done(field):
    listener = field.listen()
    said = python(field, '''
import errno, select, socket, sys
def attempt(address, port, patience):
    s = socket.socket()
    s.setblocking(False)
    r = s.connect_ex((address, int(port)))
    p = select.poll()
    p.register(s, select.POLLOUT)
    writable = bool(p.poll(patience))
    err = s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    print(errno.errorcode[r], writable, errno.errorcode.get(err, err))
attempt(sys.argv[1], sys.argv[2], 5000)
attempt(sys.argv[1], 9, 5000)
attempt('10.9.0.77', 9, 200)  # nobody has this address
''', KERNEL, str(listener.getsockname()[1]))
    assert said == 'EINPROGRESS True 0\nEINPROGRESS True ECONNREFUSED\nEINPROGRESS False 0\n', said


def a_client_sends_text_with_its_syn(field):
    """Fast Open (RFC 7413), the kernel as server: a cookie the first time, text on the SYN the second."""
    with open('/proc/sys/net/ipv4/tcp_fastopen', 'w', encoding='ascii') as f:
        f.write('3')
    listener = field.listen()
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 5)
    heard = []

    def serve():
        for _ in range(2):
            c, _ = listener.accept()
            with c:
                heard.append(c.recv(100))
                heard.append(bool(c.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)[5] & 32))  # SYN_DATA
                c.sendall(b'answer')

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    said = python(field, '''
import socket, sys
for text in (b'once', b'twice'):
    s = socket.socket()
    s.setsockopt(socket.IPPROTO_TCP, 30, 1)  # TCP_FASTOPEN_CONNECT
    s.connect((sys.argv[1], int(sys.argv[2])))
    s.sendall(text)
    print(s.recv(100))
    s.close()
''', KERNEL, str(listener.getsockname()[1]))
    thread.join(lab.PATIENCE)
    assert said == "b'answer'\n" * 2, said
    assert heard == [b'once', False, b'twice', True], heard


def a_peer_that_went_dead_is_given_up(field):
    """The kernel's device goes down: who waits for text hears it by keepalive, who has sent some by TCP_USER_TIMEOUT."""
    listener = field.listen()
    port = listener.getsockname()[1]

    def go_dead():
        for _ in range(2):
            field.sockets.append(listener.accept()[0])
        field.sockets[-1].recv(100)  # busy's
        run('ip', 'link', 'set', 'wt0', 'down')

    threading.Thread(target=go_dead, daemon=True).start()
    said = python(field, '''
import errno, select, socket, sys
quiet, busy = (socket.create_connection((sys.argv[1], int(sys.argv[2])), 20) for _ in range(2))
quiet.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT):
    quiet.setsockopt(socket.IPPROTO_TCP, option, 1)
busy.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 1500)
busy.send(b'go')
for _ in range(400):  # what it sends after the device went down is never acknowledged
    if select.select([busy], [], [], .05)[0]:
        break
    try:
        busy.send(b'x')
    except OSError:
        break
for s in (quiet, busy):
    select.select([s], [], [], 20)
    err = s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    print(errno.errorcode.get(err, err))
''', KERNEL, str(port))
    assert said == 'ETIMEDOUT\nETIMEDOUT\n', said


def it_takes_no_privilege(field):
    """Without any, but that it may open the device. The program is bound not to get any, and so are its children."""
    need('setpriv')
    need('curl')
    bare = ['setpriv', '--securebits', '+noroot,+noroot_locked', '--inh-caps', '-all', '--bounding-set', '-all', '--']
    port = field.kernel_http()
    said = run(*bare, *field.command(PYTHON, '-c', '''
import re, socket, subprocess, sys
facts = dict(re.findall(r'(CapEff|NoNewPrivs|Seccomp):\\s*(\\S+)', open('/proc/self/status').read()))
print(int(facts['CapEff'], 16), facts['NoNewPrivs'], facts['Seccomp'])
listener = socket.create_server(('', 7000))
connection = socket.create_connection(('127.0.0.1', 7000))
listener.accept()[0].sendall(b'to itself')
print(connection.recv(100))
got = subprocess.run(['curl', '-sS', sys.argv[1]], stdout=subprocess.PIPE, check=True).stdout
print(len(got))
''', f'http://{KERNEL}:{port}/big')).stdout
    assert said == f"0 1 2\nb'to itself'\n{len(BIG)}\n", said


def the_exit_status_is_the_programs(field):
    assert field.on_weft('sh', '-c', 'exit 42', check=False).returncode == 42
    assert field.on_weft('sh', '-c', 'kill -TERM $$', check=False).returncode == 128 + signal.SIGTERM
    done = field.on_weft('/nowhere/at-all', check=False)
    assert done.returncode == 127 and 'cannot run /nowhere/at-all' in done.stderr, done.stderr


def leave(field, listener):
    """A program on weft that has ended before anybody reads what it wrote: the command, and how much it was."""
    command = field.start(field.command(PYTHON, '-c', LEAVE, KERNEL, str(listener.getsockname()[1])))
    until(lambda: re.search(r'^[0-9]+$', field.said(), re.M) or command.poll() is not None, 'the end of the program')
    return command, int(re.search(r'^[0-9]+$', field.said(), re.M)[0])


def what_a_program_wrote_arrives_before_the_command_ends(field):
    """Its host ends with it, so that it has to wait."""
    with slow_listener() as listener:
        command, written = leave(field, listener)
        assert written > 200000, written
        assert read_all(listener) == written
    assert command.wait(lab.PATIENCE) == 0


def a_signal_ends_waiting_for_a_peer_that_does_not_read(field):
    with slow_listener() as listener:
        command, _ = leave(field, listener)
        until(lambda: 'on 1 connections; a signal ends it' in field.said(), 'its saying what it waits for')
        command.terminate()
        assert command.wait(lab.PATIENCE) == 0


def what_cannot_be_done_is_refused_and_said_once(field):
    done = field.on_weft(PYTHON, '-c', '''
import errno, socket, sys
def attempt(call, *arguments):
    try:
        call(*arguments)
        print('done')
    except OSError as e:
        print(errno.errorcode[e.errno])
s = socket.socket()
attempt(s.sendto, b'x', socket.MSG_FASTOPEN, (sys.argv[1], 9))
attempt(s.sendmsg, [b'x'])
attempt(s.getpeername)
attempt(s.shutdown, socket.SHUT_WR)
attempt(s.accept)
attempt(socket.socket, socket.AF_INET, socket.SOCK_RDM)
attempt(socket.socket, socket.AF_INET, socket.SOCK_STREAM, 262)
for i in range(3):
    attempt(s.setsockopt, socket.SOL_SOCKET, 60, 1)
''', KERNEL)
    assert done.stdout.split() == ['ECONNREFUSED', 'EPIPE', 'ENOTCONN', 'ENOTCONN', 'EINVAL', 'ESOCKTNOSUPPORT',
                                   'EPROTONOSUPPORT'] + 3 * ['ENOPROTOOPT'], done.stdout
    said = done.stderr.splitlines()
    assert [line.split(':')[:2] for line in said] == [['weft run', ' socket'], ['weft run', ' setsockopt']], said


def calls_that_nobody_could_see_are_refused_and_said_once(field):
    """io_uring; and socket() by the numbers of a 32-bit program (int 0x80), which 64-bit code may use as well."""
    done = field.on_weft(PYTHON, '-c', """
import ctypes, errno, mmap, platform
libc = ctypes.CDLL(None, use_errno=True)
for i in range(2):
    print(libc.syscall(425, 8, 0), errno.errorcode[ctypes.get_errno()])
if platform.machine() == 'x86_64':
    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(bytes.fromhex('53 b867010000 bb02000000 b901000000 31d2 cd80 5b c3'))
    at = ctypes.addressof(ctypes.c_char.from_buffer(code))
    print(errno.errorcode[-ctypes.CFUNCTYPE(ctypes.c_int)(at)()])
""")
    foreign = platform.machine() == 'x86_64'
    assert done.stdout.split() == 2 * ['-1', 'ENOSYS'] + foreign * ['EAFNOSUPPORT'], done.stdout
    assert done.stderr.splitlines() == [
        'weft run: io_uring_setup: what a ring does cannot be seen from here'] + foreign * [
        'weft run: socket: a 32-bit program has no sockets here'], done.stderr


# ---- datagrams ----

def a_raw_socket_pings(field):
    said = python(field, '''
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
s.settimeout(5)
s.sendto(bytes([8, 0, 0xf7, 0xfe, 0, 0, 0, 1]), (sys.argv[1], 0))
answer, peer = s.recvfrom(100)
print(answer[20:].hex(), peer[0])
''', KERNEL)
    assert said == f'0000fffe00000001 {KERNEL}\n', said


def a_router_hears_what_is_marked_for_routers(field):
    """RFC 2113, RFC 2711: a program on a router of weft gets what the kernel marked, and nothing else goes to it."""
    process = field.start([
        WEFT, 'run', '--if', 'tap:wt0', '--addr', f'{OURS}/24', '--addr', f'{OURS6}/64', '--sysctl',
        'net.ipv4.ip_forward=1', '--sysctl', 'net.ipv6.conf.all.forwarding=1', '--route', '10.6.0.0/24 via 10.9.0.9',
        '--route', '2001:db8:6::/64 via 2001:db8:9::9', '--', PYTHON, '-c', """
import select, socket
IP_ROUTER_ALERT, IPV6_ROUTER_ALERT, RSVP = 5, 22, 46
four = socket.socket(socket.AF_INET, socket.SOCK_RAW, RSVP)
six = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)
four.setsockopt(socket.IPPROTO_IP, IP_ROUTER_ALERT, 1)
six.setsockopt(socket.IPPROTO_IPV6, IPV6_ROUTER_ALERT, 1)
assert four.getsockopt(socket.IPPROTO_IP, IP_ROUTER_ALERT) == 1
print('up', flush=True)
for s, headers in ((four, 24), (six, 48)):
    assert select.select([s], [], [], 30)[0]
    b = s.recv(1000)
    print(b[headers:].decode(), len(b) - headers, flush=True)
"""])
    until(lambda: 'up' in field.said() or process.poll() is not None, 'sockets that wait')
    run('ip', 'route', 'add', '10.6.0.0/24', 'via', OURS)
    run('ip', '-6', 'route', 'add', '2001:db8:6::/64', 'via', OURS6)
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, 46) as four, \
            socket.socket(socket.AF_INET6, socket.SOCK_RAW, 46) as six:
        four.sendto(b'unmarked', ('10.6.0.1', 0))
        four.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, bytes([148, 4, 0, 0]))
        four.sendto(b'four', ('10.6.0.1', 0))
        six.sendto(b'unmarked', ('2001:db8:6::1', 0))
        six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_HOPOPTS, bytes([0, 0, 5, 2, 0, 2, 1, 0]))
        six.sendto(b'of another value', ('2001:db8:6::1', 0))
        six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_HOPOPTS, bytes([0, 0, 5, 2, 0, 1, 1, 0]))
        six.sendto(b'six', ('2001:db8:6::1', 0))
    assert process.wait(lab.PATIENCE) == 0, field.said()
    assert field.said() == 'up\nfour 4\nsix 3\n', field.said()


def datagrams_keep_their_bounds_and_their_senders(field):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as kernel:
        kernel.bind((KERNEL, 0))
        kernel.settimeout(lab.PATIENCE)

        def serve():
            try:
                while True:
                    data, peer = kernel.recvfrom(65536)
                    kernel.sendto(data, peer)
            except OSError:
                pass

        threading.Thread(target=serve, daemon=True).start()
        said = python(field, '''
import socket, sys
peer = (sys.argv[1], int(sys.argv[2]))
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(5)
for n in (0, 1, 1472, 1473, 60000):
    assert s.sendto(b'x' * n, peer) == n
    assert s.recvfrom(65536) == (b'x' * n, peer)
s.sendto(b'longer', peer)
assert s.recvfrom(3) == (b'lon', peer)
s.sendmsg([b'one', b'two'], [], 0, peer)
assert s.recvmsg(100)[::3] == (b'onetwo', peer)
s.connect(peer)
for i in range(50):
    s.send(b'%d' % i)
assert [s.recv(100) for i in range(50)] == [b'%d' % i for i in range(50)]
print('all')
''', KERNEL, str(kernel.getsockname()[1]))
    assert said == 'all\n', said


def datagrams_of_several_senders_keep_them(field):
    """However each is read: by recv, which names nobody, or by recvfrom."""
    kernel = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
    field.sockets += kernel
    for s in kernel:
        s.bind((KERNEL, 0))
    listener = field.listen()
    names = [str(s.getsockname()[1]) for s in kernel]
    process = field.start(field.command(PYTHON, '-c', '''
import itertools, socket, sys
ports = [int(p) for p in sys.argv[3:]]
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(20)
s.bind(('', 7000))
control = socket.create_connection((sys.argv[1], int(sys.argv[2])))
for how in itertools.product((0, 1), repeat=4):
    control.sendall(b'.')
    control.recv(1)
    for i, (named, sender) in enumerate(zip(how, (0, 0, 1, 0))):
        want = b'%d of %d' % (i, sender)
        got = s.recvfrom(100) if named else (s.recv(100), (sys.argv[1], ports[sender]))
        assert got == (want, (sys.argv[1], ports[sender])), (how, i, got)
print('all')
''', KERNEL, str(listener.getsockname()[1]), *names))
    control, _ = listener.accept()
    with control:
        while control.recv(1):
            for i, sender in enumerate((0, 0, 1, 0)):
                kernel[sender].sendto(b'%d of %d' % (i, sender), (OURS, 7000))
            control.sendall(b'.')
    assert process.wait(lab.PATIENCE) == 0 and field.said() == 'all\n', field.said()


def a_program_reads_datagrams_while_its_host_has_no_turn(field):
    """As many as its pair holds: where one went at a time, a burst was lost while others had the processors."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as kernel, field.listen() as listener:
        process = field.start(field.command(PYTHON, '-c', '''
import os, signal, socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('', 7000))
control = socket.create_connection((sys.argv[1], int(sys.argv[2])))
control.recv(1)
host = os.getppid()
os.kill(host, signal.SIGSTOP)
try:
    for i in range(50):
        assert s.recv(100, socket.MSG_DONTWAIT) == b'%d' % i
finally:
    os.kill(host, signal.SIGCONT)
print('all')
''', KERNEL, str(listener.getsockname()[1])))
        control, _ = listener.accept()
        with control:
            for i in range(50):
                kernel.sendto(b'%d' % i, (OURS, 7000))
            control.sendall(b'.')  # comes behind them
            assert process.wait(lab.PATIENCE) == 0 and field.said() == 'all\n', field.said()


def a_refused_datagram_is_told_to_the_next_call(field):
    said = python(field, '''
import errno, socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect((sys.argv[1], 9))
s.send(b'anyone?')
end, err = time.monotonic() + 5, 0
while not err and time.monotonic() < end:
    time.sleep(0.02)
    err = s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
print(errno.errorcode.get(err, err))
''', KERNEL)
    assert said == 'ECONNREFUSED\n', said


# ---- signals and threads ----

def signals_interrupt_and_restart_what_waits(field):
    """An accept that waits: a handler runs within it and it goes on, or is left by an exception; nobody is lost."""
    process = field.start(field.command(PYTHON, '-u', '-c', '''
import signal, socket, sys
s = socket.create_server((sys.argv[1], 7000))
rings = []
signal.signal(signal.SIGALRM, lambda *_: rings.append(1))
signal.siginterrupt(signal.SIGALRM, len(sys.argv) > 2)
signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
c, peer = s.accept()
signal.setitimer(signal.ITIMER_REAL, 0)
c.sendall(b'%d rings' % len(rings))
def leave(*_):
    raise InterruptedError
signal.signal(signal.SIGALRM, leave)
signal.setitimer(signal.ITIMER_REAL, 0.05)
try:
    s.accept()
except InterruptedError:
    c.sendall(b', left')
c.close()
d, peer = s.accept()
d.sendall(b'next')
''', OURS))
    until(lambda: 'rings' in field.told(7000, 0.4) or process.poll() is not None, 'a connection')
    assert field.heard.endswith(' rings, left') and not field.heard.startswith('0'), field.heard
    assert field.told(7000) == 'next', field.heard


def threads_accept_side_by_side(field):
    said = field.start(field.command(PYTHON, '-u', '-c', '''
import socket, sys, threading
s = socket.create_server((sys.argv[1], 7000), backlog=64)
def work():
    for i in range(10):
        c, peer = s.accept()
        c.sendall(c.recv(100))
        c.close()
threads = [threading.Thread(target=work) for i in range(4)]
for t in threads:
    t.start()
for t in threads:
    t.join()
''', OURS))
    done = 0
    while done < 40:
        try:
            with socket.create_connection((OURS, 7000), lab.PATIENCE) as c:
                c.sendall(b'%d' % done)
                assert c.recv(100) == b'%d' % done
                done += 1
        except ConnectionRefusedError:
            assert done == 0, done
        except OSError:  # before the host has come up
            assert done == 0, done
    assert said.wait(lab.PATIENCE) == 0, field.said()


# ---- servers ----

def python_serves_files(field):
    need('curl')
    field.serve(8080, PYTHON, '-m', 'http.server', '8080')
    run('curl', '-sS', '-o', field.path('got'), f'http://{OURS}:8080/big')
    with open(field.path('got'), 'rb') as f:
        assert f.read() == BIG


def redis_serves_many_at_once(field):
    need('redis-server')
    need('redis-benchmark')
    field.serve(6379, 'redis-server', '--bind', OURS, '--protected-mode', 'no', '--save', '')
    said = run('redis-benchmark', '-h', OURS, '-n', '2000', '-c', '20', '-t', 'set,get', '--csv').stdout
    assert re.search(r'"SET","[1-9]', said) and re.search(r'"GET","[1-9]', said), said


def a_signal_ends_server_and_command(field):
    process = field.serve(8080, PYTHON, '-m', 'http.server', '8080')
    process.send_signal(signal.SIGTERM)
    assert process.wait(lab.PATIENCE) == 128 + signal.SIGTERM


TESTS = [
    curl_fetches_a_file,
    curl_hears_that_nobody_listens,
    a_static_program_fetches_a_file,
    a_reset_arrives_as_a_reset,
    the_end_of_the_peers_data_is_the_end_of_the_file,
    a_close_is_the_end_for_the_peer_while_the_program_goes_on,
    a_cork_holds_what_is_written_after_it,
    connect_without_blocking_becomes_writable_when_it_is_done,
    a_client_sends_text_with_its_syn,
    a_peer_that_went_dead_is_given_up,
    it_takes_no_privilege,
    the_exit_status_is_the_programs,
    what_a_program_wrote_arrives_before_the_command_ends,
    a_signal_ends_waiting_for_a_peer_that_does_not_read,
    what_cannot_be_done_is_refused_and_said_once,
    calls_that_nobody_could_see_are_refused_and_said_once,
    a_raw_socket_pings,
    a_router_hears_what_is_marked_for_routers,
    datagrams_keep_their_bounds_and_their_senders,
    datagrams_of_several_senders_keep_them,
    a_program_reads_datagrams_while_its_host_has_no_turn,
    a_refused_datagram_is_told_to_the_next_call,
    signals_interrupt_and_restart_what_waits,
    threads_accept_side_by_side,
    python_serves_files,
    redis_serves_many_at_once,
    a_signal_ends_server_and_command,
]


if __name__ == '__main__':
    main(TESTS)
