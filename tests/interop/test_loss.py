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
lab.PATIENCE = 60  # chance may have a retransmission lost several times in a row, and each time-out doubles the next


def with_host(kinds, *arguments):
    """The test runs on these kinds of device, with these arguments of weft up."""
    def mark(test):
        test.kinds, test.arguments = kinds, arguments
        return test
    return mark


def digest(data):
    return hashlib.sha1(data).hexdigest()


def counter(lab_, what):
    """The number before these words in netstat -s; 0 when it does not list them."""
    found = re.search(rf'(\d+) {what}', lab_.weft('netstat', '--host', 'bar', '-s').stdout)
    return int(found.group(1)) if found else 0


def answer_of(nc, said):
    """What nc printed, once it has ended well; said: its communicate() in the background."""
    out, err = said()
    assert err == b'' and nc.returncode == 0, f'nc: status {nc.returncode}: {err}'
    return out


# ---- bytes under loss ----

def weft_calls_and_sends(lab_, size):
    data = stream(size)
    s, port = listener()
    nc = start_nc(lab_, KERNEL, port)
    c = accept(s)
    said = in_background(lambda: nc.communicate(data, timeout=lab.PATIENCE))
    assert digest(read_all(c)) == digest(data), 'the bytes came changed'
    c.close()
    assert answer_of(nc, said) == b''


def weft_calls_and_the_kernel_sends(lab_, size):
    data = stream(size)
    s, port = listener()
    nc = start_nc(lab_, KERNEL, port)
    c = accept(s)
    said = in_background(lambda: nc.communicate(b'', timeout=lab.PATIENCE))
    c.sendall(data)
    c.close()
    assert digest(answer_of(nc, said)) == digest(data), 'the bytes came changed'


def weft_listens_and_both_send(lab_, size):
    ours, kernels = stream(size), stream(size)[::-1]
    nc = start_nc(lab_, '-l', '5000')
    until(lambda: ':5000 ' in lab_.weft('netstat', '--host', 'bar', '-lnt').stdout, 'the listener')
    with connect(5000, lab.PATIENCE) as s:
        said = in_background(lambda: nc.communicate(ours, timeout=lab.PATIENCE))
        sent = in_background(lambda: (s.sendall(kernels), s.shutdown(socket.SHUT_WR)))
        assert digest(read_all(s)) == digest(ours), 'what weft sent came changed'
        assert digest(answer_of(nc, said)) == digest(kernels), 'what the kernel sent came changed'
        sent()


def transfers():
    """Each way of sending, at each loss, as a test of its own."""
    for percent, size, kinds in [(0, 32 * MIB, ('tap',)), (1, 8 * MIB, BOTH), (10, MIB // 4, ('tap',))]:
        for way in [weft_calls_and_sends, weft_calls_and_the_kernel_sends, weft_listens_and_both_send]:
            def test(lab_, way=way, size=size, percent=percent):
                way(lab_, size)
                assert bool(counter(lab_, 'link_lost')) == bool(percent), 'the link did not lose as it should'

            test.__name__ = f'{way.__name__}_over_a_link_that_loses_{percent}_percent'
            yield with_host(kinds, '--impair', f'loss={percent}%,seed={percent}')(test)


# ---- half-close under loss ----

@with_host(BOTH, '--impair', 'loss=1%,seed=2')
def weft_closes_its_half_first_and_the_kernel_goes_on(lab_):
    question, answer = stream(MIB), stream(2 * MIB)
    s, port = listener()
    nc = start_nc(lab_, KERNEL, port)
    c = accept(s)
    said = in_background(lambda: nc.communicate(question, timeout=lab.PATIENCE))
    assert digest(read_all(c)) == digest(question)
    c.sendall(answer)
    c.close()
    assert digest(answer_of(nc, said)) == digest(answer)


@with_host(BOTH, '--impair', 'loss=1%,seed=3')
def the_kernel_closes_its_half_first_and_weft_goes_on(lab_):
    question, answer = stream(MIB), stream(2 * MIB)
    s, port = listener()
    nc = start_nc(lab_, KERNEL, port)
    c = accept(s)
    sent = in_background(lambda: (c.sendall(question), c.shutdown(socket.SHUT_WR)))
    assert digest(nc.stdout.read(len(question))) == digest(question)
    sent()
    said = in_background(lambda: nc.communicate(answer, timeout=lab.PATIENCE))
    assert digest(read_all(c)) == digest(answer)
    assert answer_of(nc, said) == b''
    c.close()


# ---- all faults at once ----

@with_host(BOTH, '--impair', 'loss=0.5%,dup=1%,reorder=2%:2ms,corrupt=0.1%,delay=1ms,jitter=200us,seed=4')
def echo_returns_every_byte_over_a_link_with_all_faults(lab_):
    serve(lab_, 'echo')
    data = stream(MIB)
    with connect(ECHO, lab.PATIENCE) as s:
        sent = in_background(lambda: (s.sendall(data), s.shutdown(socket.SHUT_WR)))
        assert digest(read_all(s)) == digest(data), 'the bytes came back changed'
        sent()


# ---- many ----

def begin_call(port):
    s = socket.socket()
    s.setblocking(False)
    s.connect_ex((OURS, port))
    return s


@with_host(BOTH)
def a_thousand_connections_at_once(lab_):
    serve(lab_, 'echo')
    selector = selectors.DefaultSelector()
    for i in range(1000):
        selector.register(begin_call(ECHO), selectors.EVENT_WRITE, b'%6d' % i)
    waiting, end = 2000, time.monotonic() + lab.PATIENCE  # each gets writable once, then readable once
    while waiting and time.monotonic() < end:
        for key, events in selector.select(1):
            if events & selectors.EVENT_WRITE:
                key.fileobj.send(key.data)
                selector.modify(key.fileobj, selectors.EVENT_READ, key.data)
            else:
                assert key.fileobj.recv(100) == key.data
            waiting -= 1
    assert not waiting, f'{waiting} steps are still to come'
    assert lab_.weft('netstat', '--host', 'bar', '-nt').stdout.count('ESTABLISHED') == 1000
    for key in list(selector.get_map().values()):
        key.fileobj.close()
    until(lambda: 'ESTABLISHED' not in lab_.weft('netstat', '--host', 'bar', '-nt').stdout, 'the end of all of them')


@with_host(('tap',))
def twenty_thousand_short_connections(lab_):
    serve(lab_, 'daytime')
    for i in range(20000):
        with connect(DAYTIME) as s:
            assert read_all(s).endswith(b'\r\n'), f'the {i}th said something else'
    assert counter(lab_, 'passive connection openings') == 20000


# ---- a GiB ----

@with_host(('tap',))
def socat_moves_a_gib_into_discard(lab_):
    lab.need('socat')
    serve(lab_, 'discard')
    start = time.monotonic()
    lab.run('socat', '-u', '-b', '262144', f'OPEN:/dev/zero,readbytes={GIB}', f'TCP:{OURS}:{DISCARD}')
    until(lambda: 'ESTABLISHED' not in lab_.weft('netstat', '--host', 'bar', '-nt').stdout, 'the end of it')
    assert time.monotonic() < start + 40, f'{time.monotonic() - start} s'
    assert GIB < counter(lab_, 'bytes received') < GIB * 1.1  # with all headers
    assert counter(lab_, 'resets sent') == counter(lab_, 'connection resets received') == 0


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


if __name__ == '__main__':
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    lab.main([
        *transfers(),
        weft_closes_its_half_first_and_the_kernel_goes_on,
        the_kernel_closes_its_half_first_and_weft_goes_on,
        echo_returns_every_byte_over_a_link_with_all_faults,
        a_thousand_connections_at_once,
        twenty_thousand_short_connections,
        socat_moves_a_gib_into_discard,
        socat_moves_a_gib_out_of_chargen,
    ])
