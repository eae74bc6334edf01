#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""TCP against the kernel over a link that loses 0, 1 and 10 % each way, and under load: a thousand connections at once,
20,000 short ones, a GiB in and out."""
import hashlib
import os
import re
import resource
import selectors
import socket
import subprocess
import time

import lab
from lab import KERNEL, OURS, until
from test_tcp import (CHARGEN, DAYTIME, DISCARD, ECHO, MIB, accept, connect, in_background, listener, read_all,
                      read_exactly, serve, start_nc, stream)

GIB = 1 << 30
BOTH = ('tap', 'tun')


def with_host(kinds, *arguments):
    """The test runs on these kinds of device, with these arguments of weft up."""
    def mark(test):
        test.kinds, test.arguments = kinds, arguments
        return test
    return mark


def digest(data):
    return hashlib.sha1(data).hexdigest()


# ---- bytes under loss ----

def weft_calls_and_sends(lab_, size):
    data = stream(size)
    s, port = listener()
    nc = start_nc(lab_, KERNEL, port)
    c = accept(s)
    written = in_background(lambda: nc.communicate(data, timeout=lab.PATIENCE))
    assert digest(read_all(c)) == digest(data), 'the bytes came changed'
    c.close()
    assert written() == (b'', b'') and nc.returncode == 0


def weft_calls_and_the_kernel_sends(lab_, size):
    data = stream(size)
    s, port = listener()
    nc = start_nc(lab_, KERNEL, port)
    c = accept(s)
    sent = in_background(lambda: (c.sendall(data), c.close()))
    out, err = nc.communicate(b'', timeout=lab.PATIENCE)
    assert digest(out) == digest(data) and err == b'' and nc.returncode == 0, f'{len(out)} bytes: {err}'
    sent()


def weft_listens_and_both_send(lab_, size):
    ours, kernels = stream(size), stream(size + 1)[::-1]
    nc = start_nc(lab_, '-l', '5000')
    until(lambda: ':5000 ' in lab_.weft('netstat', '--host', 'bar', '-lnt').stdout, 'the listener')
    with connect(5000) as s:
        said = in_background(lambda: nc.communicate(ours, timeout=lab.PATIENCE))
        sent = in_background(lambda: (s.sendall(kernels), s.shutdown(socket.SHUT_WR)))
        assert digest(read_all(s)) == digest(ours), 'weft sent something else'
        out, err = said()
        sent()
    assert digest(out) == digest(kernels) and err == b'' and nc.returncode == 0, f'{len(out)} bytes: {err}'


def transfers():
    """Each way of sending, at each loss, as a test of its own."""
    for percent, size, kinds in [(0, 32 * MIB, ('tap',)), (1, 8 * MIB, BOTH), (10, MIB // 2, ('tap',))]:
        for way in [weft_calls_and_sends, weft_calls_and_the_kernel_sends, weft_listens_and_both_send]:
            def test(lab_, way=way, size=size, percent=percent):
                way(lab_, size)
                lost = re.search(r'(\d+) lost by the emulated link', lab_.weft('netstat', '--host', 'bar', '-s').stdout)
                assert bool(lost) == (percent > 0), f'{percent} % should be lost: {lost}'

            test.__name__ = f'{way.__name__}_over_a_link_that_loses_{percent}_percent'
            yield with_host(kinds, '--impair', f'loss={percent}%,seed={percent}')(test)


# ---- half-close under loss ----

@with_host(BOTH, '--impair', 'loss=1%,seed=2')
def weft_closes_its_half_first(lab_):
    question, answer = stream(MIB), stream(2 * MIB)
    s, port = listener()
    nc = start_nc(lab_, KERNEL, port)
    c = accept(s)
    said = in_background(lambda: nc.communicate(question, timeout=lab.PATIENCE))
    assert digest(read_all(c)) == digest(question)
    c.sendall(answer)
    c.close()
    out, err = said()
    assert digest(out) == digest(answer) and err == b'' and nc.returncode == 0


@with_host(BOTH, '--impair', 'loss=1%,seed=3')
def the_kernel_closes_its_half_first(lab_):
    serve(lab_, 'echo')
    question = stream(MIB)  # fits in the buffers on the way: all of it is sent before any of it is read
    s = connect(ECHO)
    sent = in_background(lambda: (s.sendall(question), s.shutdown(socket.SHUT_WR)))
    time.sleep(0.3)
    assert digest(read_all(s)) == digest(question)
    sent()
    s.close()
    until(lambda: 'bar' in lab_.weft('netstat', '--host', 'bar', '-nt').stdout or
          'ESTABLISHED' not in lab_.weft('netstat', '--host', 'bar', '-nt').stdout, 'the end of it')


# ---- all faults at once ----

@with_host(BOTH, '--impair', 'loss=0.5%,dup=1%,reorder=2%:2ms,corrupt=0.1%,delay=1ms,jitter=200us,seed=4')
def echo_returns_every_byte_over_a_link_with_all_faults(lab_):
    serve(lab_, 'echo')
    data = stream(MIB)
    with connect(ECHO) as s:
        sent = in_background(lambda: (s.sendall(data), s.shutdown(socket.SHUT_WR)))
        assert digest(read_all(s)) == digest(data), 'the bytes came back changed'
        sent()


# ---- many ----

@with_host(BOTH)
def a_thousand_connections_at_once(lab_):
    serve(lab_, 'echo')
    selector = selectors.DefaultSelector()
    for i in range(1000):
        s = socket.socket()
        s.setblocking(False)
        s.connect_ex((OURS, ECHO))
        selector.register(s, selectors.EVENT_WRITE, b'%6d' % i)
    waiting, end = 2000, time.monotonic() + lab.PATIENCE  # each shall get writable, then readable
    while waiting and time.monotonic() < end:
        for key, events in selector.select(1):
            s = key.fileobj
            if events & selectors.EVENT_WRITE:
                s.send(key.data)
                selector.modify(s, selectors.EVENT_READ, key.data)
            else:
                assert s.recv(100) == key.data
                selector.modify(s, 0x0 or selectors.EVENT_READ, key.data)
            waiting -= 1
    assert not waiting, f'{waiting} did not happen'
    listing = lab_.weft('netstat', '--host', 'bar', '-nt').stdout
    assert listing.count('ESTABLISHED') == 1000, listing.count('ESTABLISHED')
    for key in list(selector.get_map().values()):
        key.fileobj.close()


@with_host(('tap',))
def twenty_thousand_short_connections(lab_):
    serve(lab_, 'daytime')
    for i in range(20000):
        with connect(DAYTIME) as s:
            assert s.recv(100).endswith(b'\r\n') and s.recv(100) == b'', f'the {i}th said something else'
    said = lab_.weft('netstat', '--host', 'bar', '-s').stdout
    assert '20000 passive connection openings' in said, said


# ---- a GiB ----

def received(lab_):
    said = lab_.weft('netstat', '--host', 'bar', '-s').stdout
    return int(re.search(r'(\d+) bytes received', said).group(1))


@with_host(('tap',))
def socat_moves_a_gib_into_discard(lab_):
    lab.need('socat')
    serve(lab_, 'discard')
    start = time.monotonic()
    lab.run('socat', '-u', '-b', '262144', f'OPEN:/dev/zero,readbytes={GIB}', f'TCP:{OURS}:{DISCARD}', timeout=40)
    until(lambda: received(lab_) > GIB, 'the arrival of all bytes')
    said = lab_.weft('netstat', '--host', 'bar', '-s').stdout
    assert 'reset' not in said, said
    print(f'# {time.monotonic() - start:.1f} s')


@with_host(('tap',))
def socat_moves_a_gib_out_of_chargen(lab_):
    lab.need('socat')
    serve(lab_, 'chargen')
    letters = bytes(range(32, 127))
    period = b''.join((letters * 2)[i:i + 72] + b'\r\n' for i in range(len(letters)))
    pattern = period * (2 + MIB // len(period))
    start, got = time.monotonic(), 0
    socat = subprocess.Popen(['socat', '-u', '-b', '262144', f'TCP:{OURS}:{CHARGEN},readbytes={GIB}', '-'],
                             stdout=subprocess.PIPE)
    while part := os.read(socat.stdout.fileno(), MIB):
        at = got % len(period)
        assert part == pattern[at:at + len(part)], f'the pattern breaks after {got} bytes'
        got += len(part)
        assert time.monotonic() < start + 40, f'{got} bytes in 40 s'
    assert got == GIB and socat.wait(lab.PATIENCE) == 0, f'{got} bytes'
    print(f'# {time.monotonic() - start:.1f} s')


if __name__ == '__main__':
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    lab.main([
        *transfers(),
        weft_closes_its_half_first,
        the_kernel_closes_its_half_first,
        echo_returns_every_byte_over_a_link_with_all_faults,
        a_thousand_connections_at_once,
        twenty_thousand_short_connections,
        socat_moves_a_gib_into_discard,
        socat_moves_a_gib_out_of_chargen,
    ])
