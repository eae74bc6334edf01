#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""ECN with the kernel (RFC 3168): a link that marks what it could lose, and both ends in both roles."""
import re
import socket
import struct

import lab
from lab import KERNEL
from test_tcp import MIB, accept, in_background, listener, read_all, start_nc, stream

SIZE = 4 * MIB
DELIVERED_CE = 196  # where struct tcp_info (linux/tcp.h) has tcpi_delivered_ce


def marking(share):
    """The test runs on a host whose link marks this share each way, and loses nothing."""
    def mark(test):
        test.arguments = ('--impair', f'mark={share},delay=1ms,seed=5')
        return test
    return mark


def agree(lab_, kernel=1, ours=1):
    """1: asks for ECN and grants it; 2: grants it; 0: neither."""
    with open('/proc/sys/net/ipv4/tcp_ecn', 'w', encoding='ascii') as f:
        f.write(str(kernel))
    lab_.weft('sysctl', '--host', 'bar', f'net.ipv4.tcp_ecn={ours}')


def marks_the_kernel_met():
    with open('/proc/net/netstat', encoding='ascii') as f:
        names, values = [line.split() for line in f if line.startswith('IpExt:')]
    return int(dict(zip(names, values))['InCEPkts'])


def marks_reported_to_the_kernel(connection):
    return struct.unpack_from('I', connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 248), DELIVERED_CE)[0]


def marks_reported_to_weft(lab_):
    found = re.search(r'delivered_ce:(\d+)', lab_.weft('ss', '--host', 'bar', '-tin').stdout)
    return int(found.group(1)) if found else 0


def weft_sends(lab_, data):
    """To the kernel, which reads it all. Returns the kernel's end and nc, who has ended his half."""
    s, port = listener()
    nc = start_nc(lab_, KERNEL, port)
    c = accept(s)
    written = in_background(lambda: (nc.stdin.write(data), nc.stdin.close()))
    assert read_all(c) == data, 'the bytes came changed'
    written()
    return c, nc


def finish(connection, nc):
    connection.close()
    assert nc.stdout.read() == b'' and nc.wait(lab.PATIENCE) == 0


@marking('2%')
def weft_is_told_by_the_kernel_that_its_packets_were_marked(lab_):
    agree(lab_)
    before = marks_the_kernel_met()
    c, nc = weft_sends(lab_, stream(SIZE))
    assert marks_the_kernel_met() > before, 'no packet of ours carried a mark to the kernel'
    assert marks_reported_to_weft(lab_) > 0
    finish(c, nc)


@marking('2%')
def the_kernel_is_told_by_weft_that_its_packets_were_marked(lab_):
    agree(lab_)
    data = stream(SIZE)
    s, port = listener()
    nc = start_nc(lab_, KERNEL, port)
    c = accept(s)
    sent = in_background(lambda: (c.sendall(data), c.shutdown(socket.SHUT_WR)))
    assert nc.stdout.read(SIZE) == data, 'the bytes came changed'
    sent()
    assert marks_reported_to_the_kernel(c) > 0
    nc.stdin.close()
    assert nc.wait(lab.PATIENCE) == 0
    c.close()


@marking('2%')
def who_is_asked_grants_it(lab_):
    agree(lab_, kernel=2)
    c, nc = weft_sends(lab_, stream(SIZE))
    assert marks_reported_to_weft(lab_) > 0
    finish(c, nc)
    agree(lab_, ours=2)
    lab_.weft('serve', '--host', 'bar', 'echo')
    with socket.create_connection((lab.OURS, 7), lab.PATIENCE) as s:
        data = stream(SIZE)
        sent = in_background(lambda: (s.sendall(data), s.shutdown(socket.SHUT_WR)))
        assert read_all(s) == data, 'the bytes came changed'
        sent()
        assert marks_reported_to_the_kernel(s) > 0


@marking('100%')
def who_does_not_agree_is_not_marked(lab_):
    for kernel, ours in [(0, 1), (1, 0), (2, 2)]:
        agree(lab_, kernel, ours)
        before = marks_the_kernel_met()
        c, nc = weft_sends(lab_, stream(MIB))
        assert marks_the_kernel_met() == before
        assert marks_reported_to_weft(lab_) == 0
        finish(c, nc)


@marking('100%')
def with_every_packet_marked_all_arrives_all_the_same(lab_):
    agree(lab_)
    c, nc = weft_sends(lab_, stream(MIB // 4))
    finish(c, nc)


if __name__ == '__main__':
    lab.main([
        weft_is_told_by_the_kernel_that_its_packets_were_marked,
        the_kernel_is_told_by_weft_that_its_packets_were_marked,
        who_is_asked_grants_it,
        who_does_not_agree_is_not_marked,
        with_every_packet_marked_all_arrives_all_the_same,
    ])
