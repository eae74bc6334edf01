#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""weft ss and weft sysctl on connections with the kernel: what both ends tell of one connection must agree."""
import json
import re
import socket
import struct
import threading

import lab
from lab import OURS, run, until

ECHO = 7
BYTES = 300_000
# Where struct tcp_info has what we compare (Linux 4.19 and later).
FIELDS = {'options': ('B', 5), 'wscale': ('B', 6), 'snd_mss': ('I', 16), 'bytes_acked': ('Q', 120),
          'bytes_received': ('Q', 128), 'bytes_sent': ('Q', 200), 'bytes_retrans': ('Q', 208)}


def kernel_info(s):
    raw = s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 248)
    return {name: struct.unpack_from(kind, raw, at)[0] for name, (kind, at) in FIELDS.items()}


def connect(lab_):
    lab_.weft('serve', '--host', 'bar', 'echo')
    return socket.create_connection((OURS, ECHO), lab.PATIENCE)


def exchange(s):
    """So many bytes there and back."""
    threading.Thread(target=s.sendall, args=(b'x' * BYTES,), daemon=True).start()
    left = BYTES
    while left:
        part = len(s.recv(1 << 16))
        assert part, 'the end came early'
        left -= part


def ss(lab_, *arguments):
    return lab_.weft('ss', '--host', 'bar', *arguments).stdout


def sockets(lab_, *filter_):
    return json.loads(ss(lab_, '--json', *filter_))['sockets']


def both_ends_tell_the_same_of_a_connection(lab_):
    with connect(lab_) as s:
        exchange(s)
        port = s.getsockname()[1]

        def ours():
            return sockets(lab_, 'state', 'established', 'dport', '=', f':{port}')[0]['tcp_info']

        until(lambda: ours()['bytes_acked'] == BYTES, 'the last acknowledgment')
        here, there = ours(), kernel_info(s)
        assert here['bytes_received'] == BYTES and there['bytes_acked'] == BYTES + 1, (here, there)  # and its SYN
        assert here['bytes_sent'] - here['bytes_retrans'] == BYTES == there['bytes_received'], (here, there)
        assert there['bytes_sent'] - there['bytes_retrans'] == BYTES, there
        assert here['snd_mss'] == there['snd_mss'] == 1448, (here, there)
        assert there['wscale'] == here['rcv_wscale'] | here['snd_wscale'] << 4, (here, there)
        assert here['options'] & 7 == there['options'] & 7 == 7, (here, there)
        assert 0 < here['rtt'] < 1_000_000 and here['rto'] >= 200_000, here
        assert here['min_rtt'] <= here['rtt'] * 2 and here['segs_out'] >= BYTES / 65536, here
        assert here['busy_time'] > 0 and here['delivery_rate'] > 0, here


def ss_ti_has_the_words_of_ss_in_their_order(lab_):
    lab.need('ss')
    with connect(lab_) as s:
        exchange(s)
        port = s.getsockname()[1]
        theirs = run('ss', '-tinH', f'sport = :{port}').stdout
        ours = ss(lab_, '-tinH', f'dport = :{port}')
        assert ours.split('\n')[0].split()[0] == 'ESTAB' and f'10.9.0.1:{port}' in ours.split('\n')[0], ours
        words = [re.findall(r'\b([a-z_]+)(?=[:\s])', text.split('\n')[1]) for text in (ours, theirs)]
        common = [[w for w in mine if w in other] for mine, other in (words, words[::-1])]
        assert common[0] == common[1] and len(common[0]) >= 15, (ours, theirs)


def filters_choose_among_sockets(lab_):
    with connect(lab_) as s:
        port = s.getsockname()[1]
        assert len(sockets(lab_, '-t', '-l')) == 1
        assert len(sockets(lab_, '-t')) == 1
        assert len(sockets(lab_, '-t', f'dport = :{port} and not dst 10.9.0.1')) == 0
        assert len(sockets(lab_, '-t', f'( sport = :{ECHO} or sport = :9 ) dst 10.9.0.0/24')) == 1
        assert len(sockets(lab_, '-a', 'state', 'listening')) == 1
        refused = lab_.weft('ss', '--host', 'bar', 'state', 'sleeping', check=False)
        assert refused.returncode == 2 and refused.stderr.count('\n') == 1, refused


def why_tells_what_held_the_sender_up(lab_):
    with connect(lab_) as s:
        s.sendall(b'x' * 100)
        assert s.recv(100)
        until(lambda: sockets(lab_, f'sport = :{ECHO} state established')[0]['tcp_info']['unacked'] == 0, 'the last ACK')
        why = ss(lab_, '-tn', '--why', f'sport = :{ECHO}')
        assert 'stall_application' in why, why


def tunables_hold_for_what_comes_after(lab_):
    assert lab_.weft('sysctl', '--host', 'bar', 'net.ipv4.tcp_timestamps=0').stdout == 'net.ipv4.tcp_timestamps = 0\n'
    with connect(lab_) as s:
        exchange(s)
        assert kernel_info(s)['options'] & 7 == 6 and kernel_info(s)['snd_mss'] == 1460, kernel_info(s)
    lab_.weft('sysctl', '--host', 'bar', '-w', 'net/ipv4/tcp_timestamps=1')
    with socket.create_connection((OURS, ECHO), lab.PATIENCE) as s:
        assert kernel_info(s)['options'] & 7 == 7, kernel_info(s)
    gone = lab_.weft('sysctl', '--host', 'bar', 'net.ipv4.tcp_tw_recycle=1', check=False)
    assert gone.returncode == 2 and 'is not there' in gone.stderr and 'Linux removed it in 4.12' in gone.stderr, gone


def all_tunables_are_listed_once(lab_):
    lines = lab_.weft('sysctl', '--host', 'bar', '-a').stdout.splitlines()
    names = [line.split(' = ')[0] for line in lines]
    assert names == sorted(set(names)) and 'net.ipv4.tcp_rmem' in names and len(names) > 40, names


def the_bsd_look_reaches_the_kernel(lab_):
    with connect(lab_) as s:
        exchange(s)
        assert kernel_info(s)['wscale'] & 15 == 6, kernel_info(s)


the_bsd_look_reaches_the_kernel.arguments = ('--profile', 'bsd')

if __name__ == '__main__':
    lab.main([
        both_ends_tell_the_same_of_a_connection,
        ss_ti_has_the_words_of_ss_in_their_order,
        filters_choose_among_sockets,
        why_tells_what_held_the_sender_up,
        tunables_hold_for_what_comes_after,
        all_tunables_are_listed_once,
        the_bsd_look_reaches_the_kernel,
    ], kinds=('tun',))
