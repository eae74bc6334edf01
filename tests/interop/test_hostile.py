#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Malformed and hostile frames from a packet socket on the kernel's side: named drops, and nobody is harmed."""
import errno
import itertools
import json
import socket
import struct

import lab
from lab import KERNEL, OURS, run, until
from test_multicast import ROUTER_ALERT, checksum

KERNEL6, OURS6 = 'fd09::1', 'fd09::2'
EVERYBODY, STRANGER = b'\xff' * 6, b'\x02\0\0\0\0\x77'
IPV4, ARP, IPV6 = 0x0800, 0x0806, 0x86dd
ICMP, IGMP, UDP, FRAGMENT, ICMPV6 = 1, 2, 17, 44, 58
ALL_NODES = 'ff02::1'


# ---- how packets are made: whatever is not said is right ----

def padded(data):
    return data + b'\0' * (len(data) % 2)


def ipv4(payload, proto, src=KERNEL, dst=OURS, options=b'', ttl=64, fragment=0, ident=7, **wrong):
    words = wrong.get('words', 5 + len(options) // 4)
    total = wrong.get('total', 20 + len(options) + len(payload))
    header = struct.pack('!BBHHHBBH4s4s', wrong.get('version', 4) << 4 | words, 0, total, ident, fragment, ttl,
                         proto, 0, socket.inet_aton(src), socket.inet_aton(dst)) + options
    return header[:10] + wrong.get('sum', checksum(header)) + header[12:] + payload


def icmp(kind, code=0, rest=b'\0' * 4, data=b'', **ip):
    message = struct.pack('!BBH', kind, code, 0) + rest + data
    return ipv4(message[:2] + checksum(padded(message)) + message[4:], ICMP, **ip)


def igmp(kind, code=0, group='0.0.0.0', tail=b'', **ip):
    message = bytes([kind, code, 0, 0]) + socket.inet_aton(group) + tail
    ip = {'dst': '224.0.0.1', 'ttl': 1, 'options': ROUTER_ALERT, **ip}
    return ipv4(message[:2] + checksum(message) + message[4:], IGMP, **ip)


def a6(text):
    return socket.inet_pton(socket.AF_INET6, text)


def ipv6(payload, proto, src=KERNEL6, dst=OURS6, hops=64, **wrong):
    return struct.pack('!IHBB', wrong.get('version', 6) << 28, wrong.get('length', len(payload)), proto, hops) + \
        a6(src) + a6(dst) + payload


def icmpv6(kind, code=0, rest=b'\0' * 4, data=b'', before=b'', **ip):
    """before: a hop-by-hop header in front of it."""
    message = struct.pack('!BBH', kind, code, 0) + rest + data
    pseudo = a6(ip.get('src', KERNEL6)) + a6(ip.get('dst', OURS6)) + struct.pack('!II', len(message), ICMPV6)
    message = message[:2] + checksum(padded(pseudo + message)) + message[4:]
    return ipv6(before + message, 0 if before else ICMPV6, **ip)


def nd(kind, data, rest=b'\0' * 4, **ip):
    return icmpv6(kind, 0, rest, data, **{'hops': 255, **ip})


def fragment6(offset, more, data, ident):
    return ipv6(struct.pack('!BBHI', UDP, 0, offset << 3 | more, ident) + data, FRAGMENT)


def arp(operation=1, mac=STRANGER, sender=KERNEL, target=OURS, hardware=1, lengths=(6, 4)):
    return struct.pack('!HHBBH', hardware, IPV4, *lengths, operation) + mac + socket.inet_aton(sender) + b'\0' * 6 + \
        socket.inet_aton(target)


MLD_ALERT = bytes.fromhex('3a00050200000100')
QUERY6 = {'dst': ALL_NODES, 'src': 'fe80::77', 'hops': 1, 'data': b'\0' * 16}
OPTION_OF_NOTHING = bytes([1, 0]) + b'\0' * 6  # an option of neighbour discovery without a length

# type of frame, what it holds, and the name it is dropped under
JUNK = [
    (ARP, arp(hardware=6), 'arp_malformed'),
    (ARP, arp(lengths=(6, 16)), 'arp_malformed'),
    (ARP, arp(operation=99), 'arp_malformed'),
    (ARP, arp(mac=EVERYBODY), 'arp_malformed'),
    (ARP, arp()[:20], 'arp_malformed'),
    (ARP, arp(operation=2, sender='10.9.0.77'), 'arp_not_ours'),
    (ARP, arp(sender=OURS), 'arp_conflict'),
    (0x9999, b'\0' * 46, 'eth_unknown_type'),
    (46, b'\xe0\xe0\x03' + b'\0' * 43, 'eth_llc'),
    (IPV4, b'\x45', 'ip_short'),
    (IPV4, ipv4(b'', UDP, version=7), 'ip_version'),
    (IPV4, ipv4(b'', UDP, words=4), 'ip_header_length'),
    (IPV4, ipv4(b'', UDP, total=1000), 'ip_total_length'),
    (IPV4, ipv4(b'', UDP, sum=b'\x12\x34'), 'ip_checksum'),
    (IPV4, ipv4(b'', UDP, options=b'\x07\x28\x04\0'), 'ip_bad_option'),
    (IPV4, ipv4(b'', UDP, options=b'\x83\x07\x04\x0a\x09\0\x01\0'), 'ip_source_route'),
    (IPV4, ipv4(b'', UDP, src='127.0.0.1'), 'ip_bad_source'),
    (IPV4, ipv4(b'', UDP, src='224.0.0.1'), 'ip_bad_source'),
    (IPV4, ipv4(b'', UDP, src=OURS), 'ip_bad_source'),
    (IPV4, ipv4(b'', UDP, dst='10.9.0.99'), 'ip_not_ours'),
    (IPV4, ipv4(b'', 253), 'ip_unknown_protocol'),
    (IPV4, ipv4(b'\0' * 7, UDP, fragment=0x2000), 'frag_misaligned'),
    (IPV4, ipv4(b'\0' * 80, UDP, fragment=0x1fff), 'frag_too_long'),
    (IPV4, ipv4(b'\0' * 4, ICMP), 'icmp_short'),
    (IPV4, ipv4(b'\x08' + b'\0' * 7, ICMP), 'icmp_checksum'),
    (IPV4, icmp(42), 'icmp_unknown'),
    (IPV4, icmp(8, dst='10.9.0.255'), 'icmp_broadcast_echo'),
    (IPV4, icmp(3, 3, data=b'\x45\0'), 'icmp_bad_quote'),
    (IPV4, icmp(3, 1, data=ipv4(b'\0' * 8, UDP, src=OURS, dst=KERNEL)), 'icmp_no_endpoint'),
    (IPV4, icmp(4, data=ipv4(b'\0' * 8, UDP, src=OURS, dst=KERNEL)), 'icmp_quench'),
    (IPV4, icmp(5, 1, socket.inet_aton('10.9.0.66'), ipv4(b'\0' * 8, UDP, src=OURS, dst='10.8.0.1')), 'icmp_redirect'),
    (IPV4, icmp(9, 0, b'\xff\x02\xff\xff'), 'icmp_unknown'),  # nobody asked for routers of that kind
    (IPV4, ipv4(b'\x11\0\x12\x34' + b'\0' * 4, IGMP, dst='224.0.0.1', ttl=1), 'igmp_checksum'),
    (IPV4, igmp(0x11, 10, ttl=2), 'igmp_ttl'),
    (IPV4, igmp(0x11, 10, options=b''), 'igmp_router_alert'),
    (IPV4, igmp(0x11, 10, '10.1.1.1'), 'igmp_group'),
    (IPV4, igmp(0x11, 10, tail=b'\0\0\xff\xff'), 'igmp_malformed'),
    (IPV4, igmp(0x99), 'igmp_not_ours'),
    (IPV4, ipv4(b'\0' * 7, UDP), 'udp_short'),
    (IPV4, ipv4(struct.pack('!HHHH', 9, 9, 4, 0), UDP), 'udp_length'),
    (IPV4, ipv4(struct.pack('!HHHH', 9, 9, 8, 0x1234), UDP), 'udp_checksum'),
    (IPV4, ipv4(b'\0' * 19, 6), 'tcp_short'),
    (IPV4, ipv4(b'\0' * 20, 6), 'tcp_offset'),
    (IPV6, ipv6(b'', UDP)[:39], 'ip_short'),
    (IPV6, ipv6(b'', UDP, version=5), 'ip_version'),
    (IPV6, ipv6(b'', UDP, length=1000), 'ip_total_length'),
    (IPV6, ipv6(b'', UDP, src=ALL_NODES), 'ip_bad_source'),
    (IPV6, ipv6(b'', UDP, src='::1'), 'ip_bad_source'),
    (IPV6, ipv6(b'', UDP, src='::ffff:10.9.0.1'), 'ip_bad_source'),
    (IPV6, ipv6(b'', UDP, dst='fd09::99'), 'ip_not_ours'),
    (IPV6, ipv6(b'', 59), 'ip6_no_next_header'),
    (IPV6, ipv6(b'\x3b\x02' + b'\0' * 6, 0), 'ip6_chain_cut'),
    (IPV6, ipv6(bytes([60, 0, 1, 4, 0, 0, 0, 0]) * 40 + b'\x3b\0\1\4\0\0\0\0', 60), 'ip6_chain_limit'),
    (IPV6, ipv6(bytes([59, 0, 0xff, 4, 0, 0, 0, 0]), 60), 'ip6_unknown_option'),
    (IPV6, fragment6(0, 1, b'\0' * 7, 1), 'frag_misaligned'),
    (IPV6, fragment6(8191, 0, b'\0' * 80, 2), 'frag_too_long'),
    (IPV6, ipv6(b'\x80' + b'\0' * 7, ICMPV6), 'icmp_checksum'),
    (IPV6, icmpv6(200), 'icmp_unknown'),
    (IPV6, icmpv6(2, 0, struct.pack('!I', 600), ipv6(b'\0' * 8, UDP, src=OURS6, dst=KERNEL6)), 'icmp_small_mtu'),
    (IPV6, nd(135, a6(OURS6), hops=254), 'nd_hop_limit'),
    (IPV6, nd(135, a6(ALL_NODES)), 'nd_malformed'),
    (IPV6, nd(135, a6(OURS6) + OPTION_OF_NOTHING), 'nd_malformed'),
    (IPV6, nd(136, a6(OURS6)[:8]), 'nd_malformed'),
    (IPV6, nd(134, b'\0' * 8), 'nd_malformed'),  # a router whose address is not of the link
    (IPV6, nd(137, a6('fd09::66') + a6('fd08::1')), 'nd_malformed'),
    (IPV6, icmpv6(130, before=MLD_ALERT, **{**QUERY6, 'hops': 64}), 'mld_hop_limit'),
    (IPV6, icmpv6(130, before=MLD_ALERT, **{**QUERY6, 'src': KERNEL6}), 'mld_source'),
    (IPV6, icmpv6(130, **QUERY6), 'mld_router_alert'),
    (IPV6, icmpv6(130, before=MLD_ALERT, **{**QUERY6, 'data': b'\0' * 5}), 'mld_malformed'),
    (IPV6, icmpv6(130, before=MLD_ALERT, **{**QUERY6, 'data': a6('fd09::1')}), 'mld_group'),
]


# ---- the one who sends, and what becomes of it ----

class Sender:
    """Frames of any kind to weft."""

    def __init__(self, lab_):
        said = lab_.weft('ifconfig', '--host', 'bar', 'wt0').stdout
        self.mac = bytes.fromhex(said.split('ether ')[1].split()[0].replace(':', ''))
        self.s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.s.bind(('wt0', 0))
        lab_.servers.append(self.s)

    def send(self, kind, data, mac=None):
        self.s.send((mac or self.mac) + STRANGER + struct.pack('!H', kind) + data)

    def flood(self, kind, data):
        """Faster than weft may read: what finds no room on the way is lost."""
        try:
            self.send(kind, data)
        except OSError as trouble:
            if trouble.errno != errno.ENOBUFS:
                raise


def told(lab_):
    """What was dropped so far, by name."""
    return json.loads(lab_.weft('netstat', '--host', 'bar', '-s', '--json').stdout)['drops']


def memory(lab_):
    return json.loads(lab_.weft('netstat', '--host', 'bar', '-m', '--json').stdout)


def with_both_families(test):
    def call(lab_):
        run('ip', 'address', 'add', f'{KERNEL6}/64', 'dev', 'wt0', 'nodad')
        lab_.weft('ifconfig', '--host', 'bar', 'wt0', 'add', f'{OURS6}/64')
        serves(lab_)
        test(lab_, Sender(lab_))
        serves(lab_)

    call.__name__ = test.__name__
    call.kinds = ('tap',)
    call.arguments = ('--sysctl', 'net.ipv6.conf.default.accept_dad=0')
    return call


def serves(lab_):
    """Both families answer the kernel."""
    for ours in OURS, OURS6:
        until(lambda: run('ping', '-c', '1', '-W', '1', ours, check=False).returncode == 0, f'an answer from {ours}')


@with_both_families
def each_is_dropped_under_its_name(lab_, sender):
    for kind, data, name in JUNK:
        before = told(lab_).get(name, 0)
        sender.send(kind, data)
        until(lambda: told(lab_).get(name, 0) > before, f'a drop {name} of {data.hex()}')


@with_both_families
def frames_for_others_and_from_groups_are_dropped(lab_, sender):
    """A TAP device has no filter of its own: what the kernel would never put there must be seen by us."""
    before = told(lab_)
    sender.send(IPV4, icmp(8), STRANGER)
    sender.send(IPV4, icmp(8), EVERYBODY)
    sender.s.send(sender.mac + EVERYBODY + struct.pack('!H', IPV4) + icmp(8))
    for name in 'eth_not_ours', 'ip_link_broadcast', 'eth_bad_source':
        until(lambda: told(lab_).get(name, 0) > before.get(name, 0), f'a drop {name}')


@with_both_families
def overlapping_fragments_never_become_a_datagram(lab_, sender):
    """Teardrop and its family: the second piece lies within the first, or shares some of it."""
    before = told(lab_)
    for ident in range(20):
        sender.send(IPV4, ipv4(b'a' * 64, UDP, fragment=0x2000, ident=1000 + ident))
        sender.send(IPV4, ipv4(b'b' * 24, UDP, fragment=4, ident=1000 + ident))
        sender.send(IPV6, fragment6(0, 1, b'a' * 64, 1000 + ident))
        sender.send(IPV6, fragment6(4, 0, b'b' * 64, 1000 + ident))
    until(lambda: told(lab_).get('frag_overlap', 0) - before.get('frag_overlap', 0) >= 40, '40 overlaps')
    assert told(lab_).get('udp_no_port', 0) == before.get('udp_no_port', 0), told(lab_)


@with_both_families
def a_flood_of_beginnings_stays_within_its_bound(lab_, sender):
    """Fragments that nothing completes, of both families, until some must go: 4 MiB and their records are kept."""
    before = memory(lab_)['memory_total']
    idents = itertools.count(1)

    def some_must_go():
        ident = next(idents)
        for n in range(500):
            sender.flood(IPV4, ipv4(b'x' * 1400, UDP, src=f'10.9.{1 + n // 250}.{1 + n % 250}', ident=ident,
                                    fragment=0x2000))
            sender.flood(IPV6, ipv6(struct.pack('!BBHI', UDP, 0, 1, ident) + b'x' * 1400, FRAGMENT,
                                    src=f'fd09::{0x1000 + n:x}'))
        assert memory(lab_)['memory_total'] - before < 2 * 4 << 20, memory(lab_)
        return told(lab_).get('frag_evicted', 0) > 0

    until(some_must_go, 'an eviction')


@with_both_families
def a_flood_of_claims_moves_no_neighbour(lab_, sender):
    """Answers that nobody asked for, for the kernel and for strangers, and solicitations from 1,000 addresses."""
    mac = json.loads(run('ip', '-json', 'link', 'show', 'dev', 'wt0').stdout)[0]['address']
    for n in range(1000):
        sender.flood(ARP, arp(operation=2, sender=f'10.9.0.{3 + n % 250}', target=OURS))
        sender.flood(IPV6, nd(135, a6(OURS6) + b'\1\1' + STRANGER, src=f'fd09::{0x1000 + n:x}'))
        sender.flood(IPV6, nd(136, a6(KERNEL6) + b'\2\1' + STRANGER))
    said = lab_.weft('ndp', '--host', 'bar').stdout
    line = [words for words in map(str.split, said.splitlines()) if words and words[0] == KERNEL6]
    assert line and mac in line[0], said
    assert len(said.splitlines()) < 1030, said


if __name__ == '__main__':
    lab.main([
        each_is_dropped_under_its_name,
        frames_for_others_and_from_groups_are_dropped,
        overlapping_fragments_never_become_a_datagram,
        a_flood_of_beginnings_stays_within_its_bound,
        a_flood_of_claims_moves_no_neighbour,
    ], kinds=('tap',))
