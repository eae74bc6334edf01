#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""weft on an Ethernet interface of the machine, by a packet socket: one end of a veth pair; the kernel has the other."""
import hashlib
import shutil
import socket
import struct
import threading
import time

import lab
from lab import KERNEL, OURS, WEFT, run, until

KERNEL6, OURS6 = 'fd09::1', 'fd09::2'


class VethLab(lab.Lab):
    """The kernel on wt1, the host named bar on wt0."""

    def __init__(self, vlan=''):
        super().__init__('packet')
        self.device = 'wt0' + vlan

    def __enter__(self):
        run('ip', 'link', 'set', 'lo', 'up')
        run('ip', 'link', 'add', 'wt0', 'type', 'veth', 'peer', 'name', 'wt1')
        run('ip', 'link', 'set', 'wt1', 'up')
        run('ip', 'address', 'add', f'{KERNEL}/24', 'dev', 'wt1')
        run('ip', 'address', 'add', f'{KERNEL6}/64', 'dev', 'wt1', 'nodad')
        self.up('--addr', f'{OURS6}/64', '--sysctl', 'net.ipv6.conf.default.accept_dad=0', *self.arguments)
        return self

    def __exit__(self, *trouble):
        down = self.weft('down', 'bar', check=False)
        run('ip', 'link', 'delete', 'wt0', check=False)
        shutil.rmtree(self.directory, ignore_errors=True)
        if trouble[0] is None:
            assert down.returncode == 0, f'weft down: {down.stderr}'


def drops(lab_):
    return lab_.weft('netstat', '--host', 'bar', '-s').stdout.split('Drops:')[1]


def each_pings_the_other(lab_):
    for theirs, ours in (KERNEL, OURS), (KERNEL6, OURS6):
        for size in '56', '4000':
            assert ' 0% packet loss' in run('ping', '-c', '2', '-i', '0.01', '-s', size, ours).stdout
            said = lab_.weft('ping', '--host', 'bar', '-c', '2', '-i', '0.01', '-s', size, theirs).stdout
            assert ' 0% packet loss' in said, said


def bulk_goes_both_ways_with_and_without_offloads(lab_):
    lab_.weft('serve', '--host', 'bar', 'echo')
    sent = bytes(range(256)) * 40_000
    for offload in 'on', 'off':
        if shutil.which('ethtool'):
            run('ethtool', '-K', 'wt1', 'tx', offload, 'tso', offload)
        for ours in OURS, OURS6:
            digest = hashlib.sha256()
            with socket.create_connection((ours, 7), timeout=lab.PATIENCE) as s:
                threading.Thread(target=lambda: (s.sendall(sent), s.shutdown(socket.SHUT_WR)), daemon=True).start()
                while piece := s.recv(1 << 20):
                    digest.update(piece)
            assert digest.digest() == hashlib.sha256(sent).digest(), f'{ours}, offload {offload}'
    assert 'checksum' not in drops(lab_), drops(lab_)


def what_the_kernel_sends_there_itself_is_not_heard(lab_):
    run('ip', 'address', 'add', '10.8.0.1/24', 'dev', 'wt0')
    run('ping', '-c', '1', '-W', '0.2', '10.8.0.9', check=False)  # asks for it out of wt0
    run('ip', 'address', 'delete', '10.8.0.1/24', 'dev', 'wt0')
    assert 'arp_not_ours' not in drops(lab_), drops(lab_)


def an_interface_that_goes_down_and_up_is_survived(lab_):
    run('ip', 'link', 'set', 'wt0', 'down')
    lab_.weft('ping', '--host', 'bar', '-c', '1', '-W', '0.2', KERNEL, check=False)
    run('ip', 'link', 'set', 'wt0', 'up')
    until(lambda: ' 0% packet loss' in lab_.weft('ping', '--host', 'bar', '-c', '1', '-W', '1', KERNEL,
                                                 check=False).stdout, 'an answer')


def an_interface_that_goes_away_is_survived(lab_):
    run('ip', 'link', 'delete', 'wt0')
    until(lambda: 'wt0' not in lab_.weft('netstat', '--host', 'bar', '-i').stdout, 'the interface going away')


def an_interface_that_goes_away_after_it_went_down_is_survived(lab_):
    """The kernel tells that it is down, and nothing more when it goes."""
    run('ip', 'link', 'set', 'wt0', 'down')
    time.sleep(0.1)  # so that it was heard
    run('ip', 'link', 'delete', 'wt0')
    until(lambda: 'wt0' not in lab_.weft('netstat', '--host', 'bar', '-i').stdout, 'the interface going away')


# ---- IEEE 802.1Q: the kernel's own VLAN devices are not everywhere, so the other side is spoken by hand ----

SOL_PACKET, PACKET_AUXDATA, VLAN_VALID = 263, 8, 0x10
STATION = bytes.fromhex('020000000007')  # whom we pretend to be
SENDER = '10.9.0.7'


def question(tag):
    """Who has weft's address? With this tag, or none."""
    arp = struct.pack('!HHBBH6s4s6s4s', 1, 0x0800, 6, 4, 1, STATION, socket.inet_aton(SENDER), bytes(6),
                      socket.inet_aton(OURS))
    return b'\xff' * 6 + STATION + tag + struct.pack('!H', 0x0806) + arp + bytes(18)


def tags_of_answers(wire, seconds):
    """(VLAN, operation) of ARP packets for STATION; the kernel takes the tag off and tells of it beside. VLAN 0: none."""
    found, end = [], time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        wire.settimeout(left)
        try:
            frame, told, _, _ = wire.recvmsg(2048, socket.CMSG_SPACE(20))
        except TimeoutError:
            break
        status, _, _, _, _, tci, _ = struct.unpack('=IIIHHHH', told[0][2])
        if frame[:6] == STATION and frame[12:14] == b'\x08\x06':
            found.append((tci & 0xfff if status & VLAN_VALID else 0, frame[21]))
            break
    return found


def a_vlan_has_its_tag_on_the_wire():
    with VethLab(',vlan=5') as lab_, socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) as wire:
        wire.bind(('wt1', 3))
        wire.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        for tag in b'', b'\x81\0\0\6':  # of no VLAN, and of another: not ours
            wire.send(question(tag))
        until(lambda: '2 eth_vlan' in ' '.join(drops(lab_).split()), 'the end of both')
        wire.send(question(b'\x81\0\0\5'))
        assert tags_of_answers(wire, lab.PATIENCE) == [(5, 2)]


def what_is_no_interface_is_one_line(lab_):
    for name, word in ('wt9', 'no interface wt9'), ('lo', 'no Ethernet interface'):
        done = run(WEFT, 'up', '--name', 'two', '--if', f'packet:{name}', check=False, env=lab_.environment)
        assert done.returncode == 2 and word in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr


def on_a_veth(test):
    def call():
        with VethLab() as lab_:
            test(lab_)

    return test.__name__, call


if __name__ == '__main__':
    lab.enter_namespace()
    plan = [on_a_veth(test) for test in [
        each_pings_the_other,
        bulk_goes_both_ways_with_and_without_offloads,
        what_the_kernel_sends_there_itself_is_not_heard,
        an_interface_that_goes_down_and_up_is_survived,
        an_interface_that_goes_away_is_survived,
        an_interface_that_goes_away_after_it_went_down_is_survived,
        what_is_no_interface_is_one_line,
    ]]
    lab.sys.exit(lab.report([*plan, ('a_vlan_has_its_tag_on_the_wire', a_vlan_has_its_tag_on_the_wire)]))
