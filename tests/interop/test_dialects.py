#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""TCP against a kernel of another dialect: options off by sysctl, cookies always, ECN asked for, small packets."""
import contextlib
import hashlib
import socket
import struct
import subprocess
import threading

import lab
from lab import KERNEL, OURS, run

ECHO = 7
OPTION_TIMESTAMPS, OPTION_SACK, OPTION_WSCALE, OPTION_ECN = 1, 2, 4, 8  # tcpi_options of linux/tcp.h
OPTION_SYN_DATA = 32
DATA = hashlib.shake_128(b'weft').digest(1 << 20)


@contextlib.contextmanager
def sysctl(**values):
    """These net.ipv4 settings of the kernel's side, for a while; the namespace is ours alone."""
    before = {}
    for name, value in values.items():
        path = f'/proc/sys/net/ipv4/{name}'
        with open(path, encoding='ascii') as f:
            before[path] = f.read()
        with open(path, 'w', encoding='ascii') as f:
            f.write(str(value))
    try:
        yield
    finally:
        for path, value in before.items():
            with open(path, 'w', encoding='ascii') as f:
                f.write(value)


def options_of(s):
    """What the kernel says the connection has agreed on."""
    return s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)[5] & 15


def kernel_calls(lab_):
    """The kernel sends a MiB to weft's echo and has it back; returns the options in use."""
    lab_.weft('serve', '--host', 'bar', 'echo')
    with socket.create_connection((OURS, ECHO), lab.PATIENCE) as s:
        options = options_of(s)
        threading.Thread(target=lambda: (s.sendall(DATA), s.shutdown(socket.SHUT_WR)), daemon=True).start()
        got = b''
        while part := s.recv(1 << 18):
            got += part
    assert got == DATA, f'{len(got)} bytes came back, or changed'
    return options


def weft_calls(lab_):
    """weft sends a MiB to the kernel; returns the options in use."""
    listener = socket.create_server((KERNEL, 0))
    listener.settimeout(lab.PATIENCE)
    nc = subprocess.Popen([lab.WEFT, 'nc', '--host', 'bar', KERNEL, str(listener.getsockname()[1])],
                          env=lab_.environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    c, _ = listener.accept()
    c.settimeout(lab.PATIENCE)
    options = options_of(c)
    threading.Thread(target=lambda: (nc.stdin.write(DATA), nc.stdin.close()), daemon=True).start()
    got = b''
    while part := c.recv(1 << 18):
        got += part
    c.close()
    listener.close()
    assert got == DATA, f'{len(got)} bytes came, or changed'
    assert nc.wait(lab.PATIENCE) == 0
    return options


def both_ways(lab_, on, off):
    for call in (kernel_calls, weft_calls):
        options = call(lab_)
        assert options & on == on and options & off == 0, f'{call.__name__}: options {options:#x}'


def without_sack(lab_):
    with sysctl(tcp_sack=0):
        both_ways(lab_, OPTION_TIMESTAMPS | OPTION_WSCALE, OPTION_SACK)


def without_timestamps(lab_):
    with sysctl(tcp_timestamps=0):
        both_ways(lab_, OPTION_SACK | OPTION_WSCALE, OPTION_TIMESTAMPS)


def without_window_scale(lab_):
    with sysctl(tcp_window_scaling=0):
        both_ways(lab_, OPTION_SACK | OPTION_TIMESTAMPS, OPTION_WSCALE)


def without_any_option(lab_):
    with sysctl(tcp_window_scaling=0, tcp_timestamps=0, tcp_sack=0):
        both_ways(lab_, 0, OPTION_SACK | OPTION_TIMESTAMPS | OPTION_WSCALE)


def with_ecn_when_the_kernel_asks(lab_):
    with sysctl(tcp_ecn=1):
        assert kernel_calls(lab_) & OPTION_ECN, 'weft did not grant it'


def with_ecn_when_weft_asks(lab_):
    lab_.weft('sysctl', '--host', 'bar', 'net.ipv4.tcp_ecn=1')
    with sysctl(tcp_ecn=2):
        assert weft_calls(lab_) & OPTION_ECN, 'weft did not ask'


def with_cookies_of_the_kernel(lab_):
    def sent():
        with open('/proc/net/netstat', encoding='ascii') as f:
            names, values = (line.split() for line in f.read().splitlines()[:2])
        return int(values[names.index('SyncookiesSent')])

    before = sent()
    with sysctl(tcp_syncookies=2):
        both_ways(lab_, OPTION_SACK | OPTION_TIMESTAMPS | OPTION_WSCALE, 0)
    assert sent() == before + 1, 'the kernel sent no cookie'


def with_cookies_of_weft(lab_):
    lab_.weft('sysctl', '--host', 'bar', 'net.ipv4.tcp_syncookies=2')
    assert kernel_calls(lab_) & OPTION_SACK, 'the cookie forgot the options'
    said = lab_.weft('netstat', '--host', 'bar', '-s').stdout
    assert any('cookie' in line and line.split()[0] != '0' for line in said.splitlines()), said


def fast_open(data):
    """The kernel sends data with its SYN to weft's echo; was it acknowledged with the SYN?"""
    with socket.socket() as s:
        patience = struct.pack('ll', int(lab.PATIENCE), 0)  # Python's own would not block, which says EINPROGRESS here
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, patience)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, patience)
        s.sendto(data, socket.MSG_FASTOPEN, (OURS, ECHO))
        got = b''
        while len(got) < len(data):
            got += s.recv(len(data))
        assert got == data, got
        return bool(s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)[5] & OPTION_SYN_DATA)


def with_text_on_the_syn(lab_):
    """Fast Open (RFC 7413), the kernel as client: a cookie the first time, text on the SYN the second."""
    lab_.weft('sysctl', '--host', 'bar', 'net.ipv4.tcp_fastopen=1027')
    lab_.weft('serve', '--host', 'bar', 'echo')
    with sysctl(tcp_fastopen=1):
        assert not fast_open(b'once'), 'without a cookie the text went with the SYN'
        assert fast_open(b'twice'), 'the cookie did not let the text go with the SYN'


def with_urgent_data(lab_):
    """The kernel's urgent byte (RFC 6093) is out of line at weft's echo: what is around it comes back."""
    lab_.weft('serve', '--host', 'bar', 'echo')
    with socket.create_connection((OURS, ECHO), lab.PATIENCE) as s:
        s.sendall(b'before')
        s.send(b'!', socket.MSG_OOB)
        s.sendall(b'after')
        s.shutdown(socket.SHUT_WR)
        got = b''
        while part := s.recv(100):
            got += part
    assert got == b'beforeafter', got


def over_small_packets(lab_):
    run('ip', 'link', 'set', 'wt0', 'mtu', '576')
    both_ways(lab_, OPTION_SACK, 0)


def with_a_receiver_of_small_windows(lab_):
    with sysctl(tcp_rmem='2304 2304 2304'):
        both_ways(lab_, 0, 0)


TESTS = [without_sack, without_timestamps, without_window_scale, without_any_option, with_ecn_when_the_kernel_asks,
         with_ecn_when_weft_asks, with_cookies_of_the_kernel, with_cookies_of_weft, with_text_on_the_syn,
         with_urgent_data, over_small_packets, with_a_receiver_of_small_windows]

if __name__ == '__main__':
    lab.main(TESTS, kinds=('tun',))
