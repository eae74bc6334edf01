#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""weft run: what sockets tell besides bytes, and what they keep: buffers, errors, ancillary data, interfaces."""
import fcntl
import re
import socket
import struct
import termios
import threading
import time

from field import PYTHON, main, python
from lab import KERNEL, OURS, PATIENCE, need, run


IP_RECVTTL = 12  # which Python does not name


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


# ---- errors ----

def a_port_nobody_has(field):
    peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    peer.bind((KERNEL, 0))
    port = peer.getsockname()[1]
    peer.close()
    return str(port)


def a_refused_datagram_wakes_who_polls(field):
    """By POLLERR alone, and the error is what he reads then, once; a datagram that comes later is itself."""
    said = python(field, '''
import select, socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect((sys.argv[1], int(sys.argv[2])))
p = select.poll()
p.register(s, select.POLLIN)
def ask():
    if s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
        raise ConnectionRefusedError
for call in (lambda: s.recvmsg(100), lambda: s.recvfrom_into(bytearray(9)), lambda: s.sendmsg([b'x']), ask):
    s.send(b'anyone?')
    print([events == select.POLLERR for _, events in p.poll(20000)], end=' ')
    try:
        print(call())
    except ConnectionRefusedError:
        print('refused', p.poll(0))
''', KERNEL, a_port_nobody_has(field))
    assert said == '[True] refused []\n' * 4, said


def a_refused_datagram_wakes_who_reads(field):
    """He reads without our seeing it: an error that his pair can have. Once, and it is nobody's any more."""
    said = python(field, '''
import os, select, socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect((sys.argv[1], int(sys.argv[2])))
for call in (lambda: s.recv(100), lambda: os.read(s.fileno(), 100)):
    s.send(b'anyone?')
    try:
        print(call())
    except ConnectionResetError:
        print('reset', s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), select.select([s], [], [], 0)[0])
''', KERNEL, a_port_nobody_has(field))
    assert said == 'reset 0 []\n' * 2, said


def traceroute_hears_the_last_hop(field):
    """It waits for POLLERR, and reads the queue of errors then."""
    need('traceroute')
    said = field.on_weft('traceroute', '-n', '-q', '1', '-m', '2', KERNEL)
    assert re.search(rf'^ 1  {KERNEL}  [0-9.]+ ms$', said.stdout, re.M) and not said.stderr, said.stdout + said.stderr


def traceroute_reckons_the_way_back(field):
    """By the TTL of the message that came, which stands beside it in the queue of errors: here one of 60, so 5 hops."""
    need('traceroute')
    run('sysctl', '-qw', 'net.ipv4.icmp_ratelimit=0', 'net.ipv4.ip_default_ttl=60')
    said = field.on_weft('traceroute', '-n', '--back', '-q', '1', '-m', '2', KERNEL).stdout
    run('sysctl', '-qw', 'net.ipv4.ip_default_ttl=64')
    assert re.search(rf"^ 1  {KERNEL} '-5'  [0-9.]+ ms$", said, re.M), said


def datagrams_leave_their_port_with_the_last_close(field):
    """Their pairs tell of no close by themselves."""
    said = python(field, '''
import os, socket, time
def bound():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(('', 4000))
    return s
for _ in range(100):
    bound().close()
s, (told, tell) = bound(), os.pipe()
child = os.fork()
if not child:
    os.close(tell)
    os._exit(len(os.read(told, 1)))
s.close()
try:
    bound()
except OSError:
    print('the child has it', end=', ')
os.close(tell)
os.waitpid(child, 0)
end = time.monotonic() + 20
while time.monotonic() < end:
    try:
        bound()
        print('and now nobody')
        break
    except OSError: # a process is seen to have gone before its files are closed (Linux 6.11)
        time.sleep(.02)
''')
    assert said == 'the child has it, and now nobody\n', said


def the_queue_of_errors_is_read(field):
    said = python(field, '''
import errno, select, socket, struct, sys, time
IP_RECVERR, MSG_ERRQUEUE = 11, 0x2000
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
s.sendto(b'anyone?', (sys.argv[1], 9))
end, beside = time.monotonic() + 20, None
while not beside and time.monotonic() < end:
    try:
        data, beside, flags, to = s.recvmsg(100, 100, MSG_ERRQUEUE)
    except BlockingIOError:
        time.sleep(.02)
(level, kind, what), = beside
print(data, to, bool(flags & MSG_ERRQUEUE), level == socket.IPPROTO_IP and kind == IP_RECVERR,
      errno.errorcode[struct.unpack_from('I', what)[0]], socket.inet_ntoa(what[20:24]))
''', KERNEL)
    assert said == f"b'anyone?' ('{KERNEL}', 9) True True ECONNREFUSED {KERNEL}\n", said


# ---- ancillary data ----

def control_messages_go_both_ways(field):
    peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    field.sockets.append(peer)
    peer.settimeout(PATIENCE)
    peer.setsockopt(socket.IPPROTO_IP, IP_RECVTTL, 1)
    peer.bind((KERNEL, 0))
    heard = []

    def serve():
        for _ in range(5):
            data, beside, _, to = peer.recvmsg(1000, 100)
            heard.append((len(data), struct.unpack('i', beside[0][2])[0]))
            peer.sendto(b'answer', to)

    server = threading.Thread(target=serve, daemon=True)
    server.start()
    said = python(field, '''
import socket, struct, sys, time
IP_PKTINFO, SO_TIMESTAMP, UDP_SEGMENT = 8, 29, 103
peer = sys.argv[1], int(sys.argv[2])
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for level, option in (0, IP_PKTINFO), (0, 12), (socket.SOL_SOCKET, SO_TIMESTAMP):
    s.setsockopt(level, option, 1)
s.sendmsg([b'x' * 10], [(0, socket.IP_TTL, struct.pack('i', 7))], 0, peer)
def answer(peek):
    data, beside, flags, who = s.recvmsg(100, 200, peek)
    beside = {(level, kind): what for level, kind, what in beside}
    interface, local, to = struct.unpack('I4s4s', beside[0, IP_PKTINFO])
    at = struct.unpack('qq', beside[socket.SOL_SOCKET, SO_TIMESTAMP])[0]
    print(data, who == peer, flags, socket.if_indextoname(interface), socket.inet_ntoa(local), socket.inet_ntoa(to),
          struct.unpack('i', beside[0, socket.IP_TTL])[0], -60 < time.time() - at < 60)
answer(socket.MSG_PEEK)
answer(0)
s.connect(peer)
s.sendmsg([b'y' * 250], [(socket.IPPROTO_UDP, UDP_SEGMENT, struct.pack('H', 100))])
for _ in range(3):
    answer(0)
try:
    s.sendmsg([b'z'], [(0, socket.IP_TTL, struct.pack('i', 700))])
except OSError as why:
    print(why.strerror)
s.send(b'last')
answer(0)
''', KERNEL, str(peer.getsockname()[1]))
    server.join(PATIENCE)
    line = f"b'answer' True 0 wt0 {OURS} {OURS} 64 True\n"
    assert said == line * 5 + 'Invalid argument\n' + line, said
    assert heard == [(10, 7), (100, 64), (100, 64), (50, 64), (4, 64)], heard


def a_program_joins_a_group_and_is_bound_to_an_interface(field):
    group = '239.1.2.3'
    peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    field.sockets.append(peer)
    peer.settimeout(PATIENCE)
    peer.bind((KERNEL, 0))
    peer.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(KERNEL))

    def serve():
        _, (_, port) = peer.recvfrom(100)
        peer.sendto(b'to all of you', (group, port))

    threading.Thread(target=serve, daemon=True).start()
    said = python(field, '''
import socket, struct, sys
ours, peer, port, group = sys.argv[1:]
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(20)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b'wt0')
print(s.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16))
s.bind(('', 0))
member = socket.inet_aton(group) + socket.inet_aton(ours)
s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(ours))
print(socket.inet_ntoa(s.getsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, 4)) == ours)
s.sendto(b'here', (peer, int(port)))
print(s.recv(100))
IP_MSFILTER, INCLUDE = 41, 1
filter = socket.inet_aton(group) + socket.inet_aton(ours) + struct.pack('II', INCLUDE, 1) + socket.inet_aton(peer)
s.setsockopt(socket.IPPROTO_IP, IP_MSFILTER, filter)
s.setsockopt(socket.IPPROTO_IP, socket.IP_DROP_MEMBERSHIP, member)
for level, option, value in (socket.IPPROTO_IP, socket.IP_DROP_MEMBERSHIP, member), (
        socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b'eth9'):
    try:
        s.setsockopt(level, option, value)
    except OSError as why:
        print(why.strerror)
''', OURS, KERNEL, str(peer.getsockname()[1]), group)
    assert said.splitlines() == ["b'wt0\\x00'", 'True', "b'to all of you'", 'Cannot assign requested address',
                                 'No such device'], said


# What is kept for a socket beside its connection: on the kernel's sockets the same script says the same.
KEPT = '''
import socket, struct
LINGER, PEERCRED, PEERNAME, COOKIE = 13, 17, 28, 57
INCOMING_CPU, ZEROCOPY, SELECT_ERR_QUEUE, BUSY_POLL, PEEK_OFF, BUF_LOCK, NETNS_COOKIE = 49, 60, 45, 46, 42, 72, 71
def attempt(call, *arguments):
    try:
        return call(*arguments)
    except OSError as why:
        return why.strerror
for kind in socket.SOCK_STREAM, socket.SOCK_DGRAM:
    s = socket.socket(socket.AF_INET, kind)
    for option, value in ((INCOMING_CPU, 1), (SELECT_ERR_QUEUE, 7), (BUSY_POLL, 50), (BUSY_POLL, -1),
                          (ZEROCOPY, 0), (BUF_LOCK, 3)):
        print(option, attempt(s.setsockopt, 1, option, value), attempt(s.getsockopt, 1, option))
    print(attempt(s.setsockopt, 1, LINGER, struct.pack('ii', 5, 7)), s.getsockopt(1, LINGER, 8))
    print(s.getsockopt(1, PEERCRED, 12), attempt(s.getsockopt, 1, PEERNAME, 100))
    print(s.getsockopt(1, COOKIE, 8) == s.getsockopt(1, COOKIE, 8) != bytes(8), len(s.getsockopt(1, NETNS_COOKIE, 8)))
    s.settimeout(1.5)
    print(attempt(s.setsockopt, 1, 20, struct.pack('ll', 2, 500000)), s.getsockopt(1, 66, 16))
    s.close()
l = socket.create_server(('127.0.0.1', 0))
a = socket.create_connection(l.getsockname())
b = l.accept()[0]
a.sendall(b'abcdef')
b.setsockopt(1, PEEK_OFF, 1)
print(b.recv(2, socket.MSG_PEEK), b.recv(2, socket.MSG_PEEK), b.getsockopt(1, PEEK_OFF), b.recv(6))
'''


def options_that_are_kept_are_the_kernels(field):
    done = field.on_weft(PYTHON, '-c', KEPT)
    kernel = run(PYTHON, '-c', KEPT).stdout
    assert done.stdout == kernel, f'{kernel}\n{done.stdout}'
    assert not done.stderr, done.stderr


def options_about_what_goes_out_are_refused_and_said(field):
    """The kernel takes in a stream's bytes, and a datagram as one call has it."""
    done = field.on_weft(PYTHON, '-c', '''
import errno, socket
stream, datagram = (socket.socket(socket.AF_INET, kind) for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM))
def attempt(s, *option):
    try:
        return s.setsockopt(*option)
    except OSError as why:
        return errno.errorcode[why.errno]
TIMESTAMPING, ZEROCOPY, CORK, SENT, CAME = (1, 37), (1, 60), (17, 1), 2, 8
print([attempt(stream, *o) for o in ((*TIMESTAMPING, SENT), (*ZEROCOPY, 1), (*ZEROCOPY, 0), (*TIMESTAMPING, CAME))])
print([attempt(datagram, *o) for o in ((*TIMESTAMPING, SENT), (*ZEROCOPY, 1), (*CORK, 1), (*CORK, 0))])
''')
    no = 'ENOPROTOOPT'
    assert done.stdout.splitlines() == [f'{[no] * 2 + [None] * 2}', f'{[no] * 3 + [None]}'], done.stdout
    assert done.stderr.count('there is no option') == 3, done.stderr


def bytes_are_dropped_unread(field):
    """MSG_TRUNC, with nowhere to put them; the call waits for the first."""
    k = field.listen()

    def serve():
        s, _ = k.accept()
        with s:
            time.sleep(.2)
            s.sendall(b'abcdef')

    server = threading.Thread(target=serve, daemon=True)
    server.start()
    said = python(field, '''
import ctypes, socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
receive = ctypes.CDLL(None).recv
print([receive(s.fileno(), None, n, flags) for n, flags in ((2, socket.MSG_TRUNC | socket.MSG_PEEK), (4, socket.MSG_TRUNC))],
      s.recv(10), receive(s.fileno(), None, 4, socket.MSG_TRUNC))
''', KERNEL, str(k.getsockname()[1]))
    server.join(PATIENCE)
    assert said == "[2, 4] b'ef' 0\n", said


def a_datagram_is_read_once(field):
    """By a call that is told the sender, and then by one that goes to the pair."""
    peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    field.sockets.append(peer)
    peer.bind((KERNEL, 0))
    peer.settimeout(PATIENCE)

    def serve():
        for _ in range(100):
            _, to = peer.recvfrom(100)
            peer.sendto(b'first', to)
            peer.sendto(b'second', to)

    threading.Thread(target=serve, daemon=True).start()
    said = python(field, '''
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(20)
def both(receive):
    s.sendto(b'more', (sys.argv[1], int(sys.argv[2])))
    return receive(), s.recv(100)
print({both(call) for call in (lambda: s.recvfrom(100)[0], lambda: s.recvmsg(100)[0]) for _ in range(50)})
''', KERNEL, str(peer.getsockname()[1]))
    assert said == "{(b'first', b'second')}\n", said


def what_netlink_tells_is_read_once(field):
    """named closes its socket when it is told of something to read, and there is nothing."""
    said = python(field, '''
import select, socket, struct
NETLINK_ROUTE, RTM_GETLINK, NLM_F_REQUEST = 0, 18, 1
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_ROUTE)
s.bind((0, 0))
def ask(receive):
    s.send(struct.pack('=IHHII', 32, RTM_GETLINK, NLM_F_REQUEST, 1, 0) + struct.pack('=BxHiII', 0, 0, 1, 0, 0))
    return len(receive(8192)) > 32, select.select([s], [], [], 0)[0]
print({str(ask(call)) for call in (lambda n: s.recvmsg(n)[0], lambda n: s.recvfrom(n)[0]) for _ in range(100)})
''')
    assert said == "{'(True, [])'}\n", said


# ---- interfaces ----

def ioctls_tell_of_the_hosts_interfaces(field):
    """On sockets of every kind; and they change nothing, which is said."""
    done = field.on_weft(PYTHON, '-c', '''
import fcntl, socket, struct
GIFCONF, GIFFLAGS, GIFADDR, GIFNETMASK, GIFMTU, SIFMTU, GIFHWADDR, GIFINDEX = (
    0x8912, 0x8913, 0x8915, 0x891b, 0x8921, 0x8922, 0x8927, 0x8933)
inet, local, six = (socket.socket(f, socket.SOCK_DGRAM) for f in (socket.AF_INET, socket.AF_UNIX, socket.AF_INET6))
def ask(s, request, name='wt0'):
    try:
        return fcntl.ioctl(s, request, struct.pack('16s24x', name.encode()))[16:]
    except OSError as why:
        return why.strerror
buf = bytearray(400)
import ctypes
where = (ctypes.c_char * len(buf)).from_buffer(buf)
n = struct.unpack_from('i', fcntl.ioctl(inet, GIFCONF, struct.pack('iP', len(buf), ctypes.addressof(where))))[0]
print([(buf[i:i + 16].rstrip(bytes(1)).decode(), socket.inet_ntoa(buf[i + 20:i + 24])) for i in range(0, n, 40)])
print(socket.inet_ntoa(ask(inet, GIFADDR)[4:8]), socket.inet_ntoa(ask(inet, GIFNETMASK)[4:8]), ask(six, GIFADDR))
print([struct.unpack_from('i', ask(s, GIFMTU))[0] for s in (inet, local, six)])
print(struct.unpack_from('i', ask(local, GIFINDEX))[0] == socket.if_nametoindex('wt0'), ask(inet, GIFMTU, 'eth9'))
print(bool(struct.unpack_from('h', ask(inet, GIFFLAGS))[0] & 1), ask(inet, SIFMTU), struct.unpack_from('H', ask(inet, GIFHWADDR))[0])
''')
    assert done.stdout.splitlines() == [
        f"[('lo', '127.0.0.1'), ('wt0', '{OURS}')]",
        f'{OURS} 255.255.255.0 Inappropriate ioctl for device',
        '[1500, 1500, 1500]',
        'True No such device',
        'True Operation not permitted 1',
    ], done.stdout
    assert done.stderr.count('would change the host') == 1, done.stderr


def ethtool_knows_the_driver(field):
    """And who asks for what a device of the host's has not is told so as by any driver."""
    need('ethtool')
    said = field.on_weft('ethtool', '-i', 'wt0').stdout
    assert said.startswith('driver: weft\n'), said
    said = python(field, '''
import array, fcntl, socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
def ask(command, name=b'wt0'):
    data = array.array('I', [command, 99] + [0] * 60)
    try:
        fcntl.ioctl(s, 0x8946, struct.pack('16sP16x', name, data.buffer_info()[0]))
    except OSError as e:
        return e.strerror
    return data[1]
GSET, GLINK, GET_TS_INFO, SCOALESCE = 1, 10, 0x41, 0xf
print(ask(GLINK), ask(GLINK, b'eth9'), {ask(command) for command in (GSET, GET_TS_INFO, SCOALESCE)})
''')
    assert said == "1 No such device {'Operation not supported'}\n", said


def ip_shows_the_hosts_interfaces(field):
    need('ip')
    said = field.on_weft('ip', 'address').stdout
    assert 'inet 127.0.0.1/8 scope host lo' in said and 'inet6 ::1/128 scope host' in said, said
    assert re.search(rf'wt0: <BROADCAST,MULTICAST,UP> mtu 1500 .*\n +link/ether 02:.*\n(.*\n)* +inet {OURS}/24 brd', said), said
    said = field.on_weft('ip', '-4', '-o', 'address').stdout
    assert 'inet6' not in said and said.count('\n') == 2, said
    said = field.on_weft('ip', 'route').stdout
    assert '10.9.0.0/24 dev wt0 scope link' in said, said
    said = [field.on_weft('ip', '-o', 'route', 'get', to, check=False) for to in (KERNEL, OURS, '10.7.0.1')]
    assert f'{KERNEL} dev wt0 src {OURS}' in said[0].stdout, said
    assert f'{OURS} dev lo src {OURS}' in said[1].stdout, said
    assert said[2].returncode == 2 and 'Network is unreachable' in said[2].stderr, said
    said = field.on_weft('ip', 'route', 'add', '10.8.0.0/24', 'via', KERNEL, check=False)
    assert said.returncode == 2 and said.stderr.startswith('weft run: netlink: request 24 '), said


def libc_knows_the_hosts_interfaces(field):
    """getifaddrs, if_nameindex, and getaddrinfo, which gives no addresses of a family that the host has none of."""
    said = python(field, '''
import ctypes, errno, socket
class Ifaddrs(ctypes.Structure):
    pass
Ifaddrs._fields_ = [('next', ctypes.POINTER(Ifaddrs)), ('name', ctypes.c_char_p), ('flags', ctypes.c_uint),
                    ('address', ctypes.POINTER(ctypes.c_ubyte * 8))]
libc, at, found = ctypes.CDLL(None), ctypes.POINTER(Ifaddrs)(), []
assert libc.getifaddrs(ctypes.byref(at)) == 0
while at:
    if at.contents.address and at.contents.address.contents[0] == socket.AF_INET:
        found.append((at.contents.name.decode(), socket.inet_ntoa(bytes(at.contents.address.contents[4:]))))
    at = at.contents.next
print(found, [name for _, name in socket.if_nameindex()])
print([a[4] for a in socket.getaddrinfo('10.9.0.7', 80, 0, socket.SOCK_STREAM, 0, socket.AI_ADDRCONFIG)])
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
s.bind((0, 0))
print(s.getsockname()[0] > 0, s.getsockname()[1])
s.setblocking(False)
try:
    s.recv(100)
except BlockingIOError:
    print('nothing')
''')
    assert said.splitlines() == [f"[('lo', '127.0.0.1'), ('wt0', '{OURS}')] ['lo', 'wt0']", "[('10.9.0.7', 80)]", 'True 0',
                                 'nothing'], said


def questions_that_make_no_sense_are_refused_or_passed_over(field):
    """By netlink: cut short, longer than they are, of unknown kinds; the socket answers the next one as ever."""
    done = field.on_weft(PYTHON, '-c', '''
import errno, socket, struct
GETLINK, GETADDR, NEWLINK, DONE, ERROR, REQUEST, DUMP = 18, 22, 16, 3, 2, 1, 0x301
s = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, 0)
s.bind((4711, 0))
s.settimeout(20)
def question(kind, flags, body, claimed=None, sequence=7):
    return struct.pack('IHHII', claimed or 16 + len(body), kind, flags, sequence, 0) + body
def link(index=0, attributes=b''):
    return struct.pack('BxHiII', 0, 0, index, 0, 0) + attributes
def ask(*questions):
    s.sendto(b''.join(questions), (0, 0))
    answer, (sender, _) = s.recvfrom(9000)
    n, kind, _, sequence, port = struct.unpack_from('IHHII', answer)
    assert (sender, sequence, port) == (0, 7, 4711) and n <= len(answer), answer
    return errno.errorcode.get(-struct.unpack_from('i', answer, 16)[0]) if kind == ERROR else kind
nonsense = [b'', b'x', question(GETLINK, REQUEST | DUMP, link(), 5), question(GETLINK, REQUEST | DUMP, link(), 9999),
            question(GETLINK, 0, link()), question(DONE, REQUEST, b'')]
for bytes_ in nonsense:
    s.send(bytes_)
    s.sendto(bytes_, (0, 0))
name = lambda text, claimed: struct.pack('HH', claimed, 3) + text
print(ask(question(GETLINK, REQUEST, link(2))), ask(question(GETLINK, REQUEST, link(77))),
      ask(question(GETLINK, REQUEST, link(0, name(b'wt0\\0', 8)))), ask(question(GETLINK, REQUEST, link(0, name(b'wt0x', 8)))),
      ask(question(GETLINK, REQUEST, link(0, name(b'wt0\\0', 4000)))), ask(question(GETLINK, REQUEST, b'')),
      ask(question(NEWLINK, REQUEST, link())), ask(question(GETADDR, REQUEST | DUMP, b'')))
try:
    s.sendto(question(GETLINK, REQUEST, link(2)), (99, 0))
except OSError as why:
    print(why.strerror)
''')
    assert done.stdout == '16 ENODEV 16 EINVAL EINVAL EINVAL ENOTSUP 20\nConnection refused\n', done.stdout
    assert 'netlink: request 16 is not known here' in done.stderr, done.stderr


# ---- trains of datagrams ----

UDP_SEGMENT, UDP_GRO = 103, 104  # which Python does not name


def a_train_crosses_whole_and_is_heard_in_datagrams(field):
    """One call, one frame of the device, three datagrams; who asks for it gets the frame (UDP_GRO)."""
    k = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    k.settimeout(PATIENCE)
    k.bind((KERNEL, 0))
    k.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, 900)
    heard = []

    def serve():
        heard.append([len(k.recv(65536)) for _ in range(2)])
        data, peer = k.recvfrom(65536)
        heard[0].append(len(data))
        k.setsockopt(socket.IPPROTO_UDP, UDP_GRO, 1)
        k.sendto(b'go on', peer)
        data, ancillary, _, peer = k.recvmsg(65536, 100)
        heard.append((len(data), [struct.unpack('i', c)[0] for _, _, c in ancillary]))
        k.sendto(b'x' * 2000, peer)
        k.recv(65536)
        k.sendto(b'y' * 2000, peer)

    server = threading.Thread(target=serve, daemon=True)
    server.start()
    said = python(field, f'''
import socket, struct, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout({PATIENCE})
s.connect((sys.argv[1], int(sys.argv[2])))
s.setsockopt(socket.IPPROTO_UDP, {UDP_SEGMENT}, 1000)
s.send(b'a' * 2500)
s.recv(65536)
s.send(b'b' * 2500)
print([len(s.recv(65536)) for _ in range(3)])
s.setsockopt(socket.IPPROTO_UDP, {UDP_GRO}, 1)
s.send(b'once more')
data, ancillary, _, _ = s.recvmsg(65536, 100)
print(len(data), [struct.unpack('i', c)[0] for _, _, c in ancillary])
''', KERNEL, str(k.getsockname()[1]))
    server.join(PATIENCE)
    assert heard == [[1000, 1000, 500], (2500, [1000])], heard
    assert said == '[900, 900, 200]\n2000 [900]\n', said


def a_stream_tells_beside_its_bytes(field):
    """SO_TIMESTAMPNS and TCP_INQ of a stream, waited for and not; and MSG_WAITALL with them."""
    listener = field.listen()

    def serve():
        s, _ = listener.accept()
        for part in b'hello', b'wor', b'ld':
            time.sleep(.1)
            s.send(part)
            if part == b'hello':
                s.recv(1)  # all of it has been taken
        s.shutdown(socket.SHUT_WR)

    threading.Thread(target=serve, daemon=True).start()
    said = python(field, '''
import socket, struct, sys, time
SO_TIMESTAMPNS, TCP_INQ = 35, 36
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
s.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
s.setsockopt(socket.IPPROTO_TCP, TCP_INQ, 1)
def take(n, flags=0):
    data, beside, _, _ = s.recvmsg(n, 200, flags)
    beside = {(level, kind): what for level, kind, what in beside}
    at = beside.get((socket.SOL_SOCKET, SO_TIMESTAMPNS))
    left, = struct.unpack('i', beside[socket.IPPROTO_TCP, TCP_INQ])
    print(data, at and -60 < time.time() - struct.unpack('qq', at)[0] < 60, left >= 0)
take(2)
take(100)
s.send(b'.')
take(5, socket.MSG_WAITALL)
take(100)
''', KERNEL, str(listener.getsockname()[1]))
    assert said == "b'he' True True\nb'llo' True True\nb'world' True True\nb'' None True\n", said


def a_stream_is_read_by_turns_and_has_no_gap(field):
    """By recvmsg with TCP_INQ, by recv, and dropped by MSG_TRUNC, while signals make calls void."""
    pattern = bytes(i * 7 % 251 for i in range(251))
    listener = field.listen()

    def serve():
        s, _ = listener.accept()
        with s:
            s.sendall(pattern * 8000)

    threading.Thread(target=serve, daemon=True).start()
    said = python(field, '''
import signal, socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
s.setsockopt(socket.IPPROTO_TCP, 36, 1)  # TCP_INQ
signal.signal(signal.SIGALRM, lambda *_: None)
signal.siginterrupt(signal.SIGALRM, True)
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.0005)
pattern = bytes(i * 7 % 251 for i in range(251)) * 20
ways = [lambda: s.recv(777), lambda: s.recvmsg(3000, 100)[0], lambda: s.recv(500, socket.MSG_TRUNC),
        lambda: s.recvmsg(100, 100)[0]]
at = turn = 0
while got := ways[turn % 4]():
    if turn % 4 != 2:
        assert got == pattern[at % 251:at % 251 + len(got)], (turn, at, len(got))
    at += len(got)
    turn += 1
signal.setitimer(signal.ITIMER_REAL, 0)
print(at)
''', KERNEL, str(listener.getsockname()[1]))
    assert said == f'{251 * 8000}\n', said


def text_goes_with_the_syn(field):
    """MSG_FASTOPEN, blocking and not: connected by a send, and all arrives."""
    listener, heard = field.listen(), []

    def serve():
        for _ in range(3):
            s, _ = listener.accept()
            data = b''
            while chunk := s.recv(1 << 17):
                data += chunk
            heard.append(data)
            s.sendall(b'got %d' % len(data))
            s.close()

    server = threading.Thread(target=serve, daemon=True)
    server.start()
    said = python(field, '''
import errno, select, socket, sys
MSG_FASTOPEN = 0x20000000
to = sys.argv[1], int(sys.argv[2])
s = socket.socket()
n = s.sendto(b'early', MSG_FASTOPEN, to)
named = s.getpeername() == to
s.sendall(b' and late')
s.shutdown(socket.SHUT_WR)
print(n, named, s.recv(100))
s = socket.socket()
s.setblocking(False)
sent = 0
try:
    sent = s.sendto(b'early', MSG_FASTOPEN, to)
except OSError as why:
    print(errno.errorcode[why.errno])
select.select([], [s], [], 10)
print(s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
s.setblocking(True)
s.sendall(b'early'[sent:] + b' and late')
s.shutdown(socket.SHUT_WR)
print(s.recv(100))
s = socket.socket()
print(s.sendmsg([b'by ', b'pieces'], [], MSG_FASTOPEN, to))
try:
    s.sendto(b'x', MSG_FASTOPEN, to)
except OSError as why:
    print(errno.errorcode[why.errno])
s.shutdown(socket.SHUT_WR)
print(s.recv(100))
''', KERNEL, str(listener.getsockname()[1]))
    server.join(PATIENCE)
    assert heard == [b'early and late', b'early and late', b'by pieces'], heard
    lines = said.splitlines()
    if lines[1] == 'EINPROGRESS':
        del lines[1]
    assert lines == ["5 True b'got 14'", '0', "b'got 14'", '9', 'EISCONN', "b'got 9'"], said


TESTS = [
    a_stream_tells_beside_its_bytes,
    a_stream_is_read_by_turns_and_has_no_gap,
    text_goes_with_the_syn,
    what_is_not_read_holds_the_peer_up,
    a_refused_datagram_wakes_who_polls,
    a_refused_datagram_wakes_who_reads,
    traceroute_hears_the_last_hop,
    traceroute_reckons_the_way_back,
    datagrams_leave_their_port_with_the_last_close,
    the_queue_of_errors_is_read,
    control_messages_go_both_ways,
    a_program_joins_a_group_and_is_bound_to_an_interface,
    options_that_are_kept_are_the_kernels,
    options_about_what_goes_out_are_refused_and_said,
    bytes_are_dropped_unread,
    a_datagram_is_read_once,
    what_netlink_tells_is_read_once,
    ioctls_tell_of_the_hosts_interfaces,
    ethtool_knows_the_driver,
    ip_shows_the_hosts_interfaces,
    libc_knows_the_hosts_interfaces,
    questions_that_make_no_sense_are_refused_or_passed_over,
    a_train_crosses_whole_and_is_heard_in_datagrams,
]


if __name__ == '__main__':
    main(TESTS)
