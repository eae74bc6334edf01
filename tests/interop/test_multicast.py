#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Groups: the kernel and weft hear each other's, and both tell a router the same of what they listen to."""
import contextlib
import json
import os
import select
import signal
import socket
import struct
import subprocess
import time

import lab
from lab import KERNEL, OURS, until

GROUP, GROUP6, PORT = '239.1.2.3', 'ff05::9', 5000
ROUTER_ALERT = bytes.fromhex('94040000')
IP_ADD_SOURCE_MEMBERSHIP, MCAST_JOIN_GROUP = 39, 42
RECORDS = {1: 'is_in', 2: 'is_ex', 3: 'to_in', 4: 'to_ex', 5: 'allow', 6: 'block'}


def index():
    return socket.if_nametoindex('wt0')


def groups(lab_):
    said = json.loads(lab_.weft('netstat', '--host', 'bar', '-g', '--json').stdout)
    return {(g['interface'], g['group']): g for g in said['groups']}


def addresses_settle(lab_):
    """The kernel and we have addresses of IPv6 that may be used."""
    def ours():
        said = json.loads(lab_.weft('netstat', '--host', 'bar', '-i', '--json').stdout)
        return any('preferred' == state and address.startswith('fe80') for i in said['interfaces']
                   for address, state in zip(i['addresses'], i['address_states']))

    lab.run('ip', 'address', 'add', 'fd09::1/64', 'dev', 'wt0', 'nodad')
    until(ours, 'our link-local address')


@contextlib.contextmanager
def listener(lab_, group, *arguments):
    """weft nc hears a group; gives a function that returns what it has heard since, up to a pause."""
    process = subprocess.Popen([lab.WEFT, 'nc', '--host', 'bar', '-ul', *arguments, group, str(PORT)],
                               env=lab_.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        until(lambda: ('wt0', group) in groups(lab_), f'that {group} is joined')
        yield lambda pause: hear(process.stdout.fileno(), pause)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(lab.PATIENCE)
        process.stdout.close()
    until(lambda: ('wt0', group) not in groups(lab_), f'that {group} is left')


def hear(fd, pause):
    text = b''
    while select.select([fd], [], [], 0.05 if text else pause)[0]:
        text += os.read(fd, 65536)
    return text


def sender(source=KERNEL):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((source, 0))
    s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(source))
    return s


def sender6():
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index())
    return s


def member(group, source=None):
    """A kernel socket that has joined the group on wt0."""
    v6 = ':' in group
    s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(lab.PATIENCE)
    s.bind((group, PORT, 0, index()) if v6 else (group, PORT))
    if v6:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, socket.inet_pton(socket.AF_INET6, group) +
                     struct.pack('=I', index()))
    elif source:
        s.setsockopt(socket.IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, socket.inet_aton(group) + socket.inet_aton(KERNEL) +
                     socket.inet_aton(source))
    else:
        s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(group) + socket.inet_aton(KERNEL))
    return s


def weft_hears_the_kernel(lab_):
    with listener(lab_, GROUP) as heard, sender() as s:
        s.sendto(b'hello', (GROUP, PORT))
        assert heard(5) == b'hello'
        s.sendto(b'elsewhere', ('239.1.2.4', PORT))
        s.sendto(b'again', (GROUP, PORT))
        assert heard(5) == b'again'


def weft_hears_one_source(lab_):
    lab.run('ip', 'address', 'add', '10.9.0.77/24', 'dev', 'wt0')
    with listener(lab_, GROUP, '--source', '10.9.0.77') as heard, sender() as one, sender('10.9.0.77') as other:
        one.sendto(b'not me', (GROUP, PORT))
        other.sendto(b'me', (GROUP, PORT))
        assert heard(5) == b'me'
    lab.run('ip', 'address', 'del', '10.9.0.77/24', 'dev', 'wt0')


def weft_hears_groups_of_ipv6(lab_):
    addresses_settle(lab_)
    for group in [GROUP6, 'ff02::9']:
        with listener(lab_, group) as heard, sender6() as s:
            s.sendto(b'hello', (group, PORT, 0, index()))
            assert heard(5) == b'hello'


def the_kernel_hears_weft(lab_):
    addresses_settle(lab_)
    for group in [GROUP, GROUP6]:
        with member(group) as s:
            lab_.weft('nc', '--host', 'bar', '-u', group, str(PORT), input='hello')
            data, source = s.recvfrom(100)
            assert data == b'hello'
            assert source[0] == OURS or source[0].startswith('fe80')


# ---- what routers are told ----

class Tap:
    """Every frame of wt0, both ways."""

    def __init__(self):
        self.s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.s.bind(('wt0', 3))
        said = json.loads(lab.run('ip', '-json', 'link', 'show', 'dev', 'wt0').stdout)
        self.kernel_mac = bytes.fromhex(said[0]['address'].replace(':', ''))

    def frames(self, seconds):
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and select.select([self.s], [], [], left)[0]:
            yield self.s.recv(65536)


def igmp_words(message):
    """The records of a report of version 3, or the message in words."""
    if message[0] != 0x22:
        return {{0x12: 'v1 ', 0x16: 'v2 ', 0x17: 'leave '}.get(message[0], '?') + socket.inet_ntoa(message[4:8])}
    words, at = set(), 8
    for _ in range(struct.unpack('!H', message[6:8])[0]):
        kind, _, n = struct.unpack('!BBH', message[at:at + 4])
        sources = [socket.inet_ntoa(message[at + 8 + 4 * i:at + 12 + 4 * i]) for i in range(n)]
        words.add(' '.join([RECORDS[kind], socket.inet_ntoa(message[at + 4:at + 8]), *sorted(sources)]))
        at += 8 + 4 * n
    return words


def mld_words(message):
    if message[0] != 143:
        return {{131: 'v1 ', 132: 'done '}.get(message[0], '?') + socket.inet_ntop(socket.AF_INET6, message[8:24])}
    words, at = set(), 8
    for _ in range(struct.unpack('!H', message[6:8])[0]):
        kind, _, n = struct.unpack('!BBH', message[at:at + 4])
        group = socket.inet_ntop(socket.AF_INET6, message[at + 4:at + 20])
        words.add(f'{RECORDS[kind]} {group}')
        at += 20 + 16 * n
    return words


def reports(tap, seconds, about):
    """What the kernel and we say within the time of these groups; of IGMP with TTL, precedence and option as they are."""
    said = {'kernel': set(), 'weft': set()}
    for frame in tap.frames(seconds):
        ip, who = frame[14:], 'kernel' if frame[6:12] == tap.kernel_mac else 'weft'
        if frame[12:14] == b'\x08\x00' and ip[9] == 2 and ip[24] != 0x11:
            assert (ip[8], ip[1], ip[20:24]) == (1, 0xc0, ROUTER_ALERT), ip.hex()
            words = igmp_words(ip[24:])
        elif frame[12:14] == b'\x86\xdd' and ip[6] == 0 and ip[40] == 58 and ip[48] in (131, 132, 143):
            assert (ip[7], ip[40:48]) == (1, bytes.fromhex('3a00050200000100')), ip.hex()
            words = mld_words(ip[48:])
        else:
            continue
        said[who] |= {w for w in words if any(a in w for a in about)}
    return said


def checksum(data):
    total = sum(struct.unpack(f'!{len(data) // 2}H', data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return struct.pack('!H', ~total & 0xffff)


def ask(code, group='0.0.0.0', tail=b''):
    """A query of the kernel's, which hears it too."""
    message = bytes([0x11, code, 0, 0]) + socket.inet_aton(group) + tail
    message = message[:2] + checksum(message) + message[4:]
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_IGMP) as s:
        s.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, ROUTER_ALERT)
        s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(KERNEL))
        s.sendto(message, (group if group != '0.0.0.0' else '224.0.0.1', 0))


def v3(*sources):
    return struct.pack('!BBH', 2, 125, len(sources)) + b''.join(map(socket.inet_aton, sources))


def both_tell_routers_the_same(lab_):
    tap = Tap()
    with listener(lab_, GROUP, '--source', '198.51.100.9'), listener(lab_, '239.1.2.4'):
        with member(GROUP, '198.51.100.9'), member('239.1.2.4'):
            said = reports(tap, 1.2, [GROUP, '239.1.2.4'])
            assert said['kernel'] == said['weft'] == {f'allow {GROUP} 198.51.100.9', 'to_ex 239.1.2.4'}, said
            for query, told in [((5, '0.0.0.0', v3()), {f'is_in {GROUP} 198.51.100.9', 'is_ex 239.1.2.4'}),
                                ((5, '239.1.2.4', v3()), {'is_ex 239.1.2.4'}),
                                ((5, GROUP, v3('198.51.100.9', '198.51.100.8')), {f'is_in {GROUP} 198.51.100.9'}),
                                ((5, GROUP, v3('198.51.100.8')), set())]:
                ask(*query)
                said = reports(tap, 0.7, [GROUP, '239.1.2.4'])
                assert said['kernel'] == said['weft'] == told, f'{query}: {said}'
    said = reports(tap, 1.2, [GROUP, '239.1.2.4'])
    assert said['kernel'] == said['weft'] == {f'block {GROUP} 198.51.100.9', 'to_in 239.1.2.4'}, said


def both_report_groups_of_ipv6(lab_):
    tap = Tap()
    with listener(lab_, GROUP6), member(GROUP6):
        said = reports(tap, 1.2, [GROUP6])
        assert said['kernel'] == said['weft'] == {f'to_ex {GROUP6}'}, said


def both_report_the_group_of_all_routers(lab_):
    """RFC 3376 section 6: only all hosts are never told of; and as a router we are in it by ourselves."""
    tap, routers = Tap(), '224.0.0.2'
    with listener(lab_, routers), member(routers):
        said = reports(tap, 1.2, [routers])
        assert said['kernel'] == said['weft'] == {f'to_ex {routers}'}, said
        ask(5, tail=v3())
        said = reports(tap, 0.7, [routers])
        assert said['kernel'] == said['weft'] == {f'is_ex {routers}'}, said
    said = reports(tap, 1.2, [routers])
    assert said['kernel'] == said['weft'] == {f'to_in {routers}'}, said
    lab_.weft('sysctl', '--host', 'bar', '-w', 'net.ipv4.ip_forward=1')
    assert reports(tap, 1.2, [routers])['weft'] == {f'to_ex {routers}'}
    lab_.weft('sysctl', '--host', 'bar', '-w', 'net.ipv4.ip_forward=0')
    assert reports(tap, 1.2, [routers])['weft'] == {f'to_in {routers}'}


def both_speak_version_2_where_a_router_does(lab_):
    tap = Tap()
    with listener(lab_, GROUP), listener(lab_, '239.1.2.4'), member('239.1.2.4'):
        reports(tap, 1.2, [])
        ask(5)
        said = reports(tap, 0.7, [GROUP, '239.1.2.4'])
        assert said['weft'] >= {f'v2 {GROUP}'} and said['weft'] | said['kernel'] == {f'v2 {GROUP}', 'v2 239.1.2.4'}, said
        assert groups(lab_)['wt0', GROUP]['version'] == 'IGMPv2'
        with member('239.1.2.5'), listener(lab_, '239.1.2.6'):
            said = reports(tap, 0.5, ['239.1.2.5', '239.1.2.6'])
            assert said == {'kernel': {'v2 239.1.2.5'}, 'weft': {'v2 239.1.2.6'}}, said
        said = reports(tap, 0.5, ['239.1.2.5', '239.1.2.6'])
        assert said == {'kernel': {'leave 239.1.2.5'}, 'weft': {'leave 239.1.2.6'}}, said


if __name__ == '__main__':
    lab.main([weft_hears_the_kernel, weft_hears_one_source, weft_hears_groups_of_ipv6,
              the_kernel_hears_weft, both_tell_routers_the_same, both_report_groups_of_ipv6,
              both_report_the_group_of_all_routers,
              both_speak_version_2_where_a_router_does], kinds=('tap',))
