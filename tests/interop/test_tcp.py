#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""TCP against the kernel, both roles, on TAP and on TUN: data, half-close, refusal, reset, many connections."""
import hashlib
import socket
import struct
import subprocess
import threading
import time

import lab
from lab import KERNEL, OURS, run, until

MIB = 1 << 20
ECHO, DISCARD, DAYTIME, CHARGEN = 7, 9, 13, 19


def stream(n):
    """n bytes that show where they came from."""
    block = hashlib.shake_128(b'weft').digest(1 << 16)
    return (block * (n // len(block) + 1))[:n]


def connect(port, timeout=lab.PATIENCE):
    return socket.create_connection((OURS, port), timeout)


def read_all(s):
    parts = []
    while part := s.recv(1 << 18):
        parts.append(part)
    return b''.join(parts)


def read_exactly(s, n):
    got = bytearray(n)
    view = memoryview(got)
    while view:
        count = s.recv_into(view)
        assert count, f'the end came {len(view)} bytes early'
        view = view[count:]
    return bytes(got)


def in_background(function, *arguments):
    """Runs it in a thread; returns a function that waits for the result."""
    result = []

    def body():
        try:
            result.append((function(*arguments), None))
        except Exception as trouble:
            result.append((None, trouble))

    thread = threading.Thread(target=body, daemon=True)
    thread.start()

    def finish():
        thread.join(lab.PATIENCE * 2)
        assert result, 'still running'
        if result[0][1]:
            raise result[0][1]
        return result[0][0]

    return finish


def serve(lab_, *names):
    lab_.weft('serve', '--host', 'bar', *names)


def listener():
    s = socket.create_server((KERNEL, 0))
    s.settimeout(lab.PATIENCE)
    return s, str(s.getsockname()[1])


def accept(s):
    c, _ = s.accept()
    c.settimeout(lab.PATIENCE)
    s.close()
    return c


def start_nc(lab_, *arguments):
    return subprocess.Popen([lab.WEFT, 'nc', '--host', 'bar', *arguments], env=lab_.environment,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


# ---- the kernel calls ----

def daytime_is_one_line_and_the_end(lab_):
    serve(lab_, 'daytime')
    with connect(DAYTIME) as s:
        said = read_all(s)
    assert said.count(b'\n') == 1 and said.endswith(b'\r\n'), said


def echo_returns_every_byte(lab_):
    serve(lab_, 'echo')
    data = stream(16 * MIB)
    with connect(ECHO) as s:
        sent = in_background(lambda: (s.sendall(data), s.shutdown(socket.SHUT_WR)))
        assert read_all(s) == data, 'the bytes came back changed'
        sent()


def discard_swallows_and_closes(lab_):
    serve(lab_, 'discard')
    with connect(DISCARD) as s:
        for _ in range(64):
            s.sendall(stream(MIB))
        s.shutdown(socket.SHUT_WR)
        assert read_all(s) == b''


def chargen_never_breaks_its_pattern(lab_):
    serve(lab_, 'chargen')
    letters = bytes(range(32, 127))  # 95 lines of 72, each one further
    period = b''.join((letters * 2)[i:i + 72] + b'\r\n' for i in range(len(letters)))
    expected = period * (16 * MIB // len(period))
    with connect(CHARGEN) as s:
        got = read_exactly(s, len(expected))
    assert got == expected, 'the pattern breaks'


def nobody_listens_so_the_kernel_is_refused(_):
    try:
        connect(4444).close()
        raise AssertionError('somebody answered')
    except ConnectionRefusedError:
        pass


def a_reset_by_the_kernel_ends_the_connection(lab_):
    serve(lab_, 'echo')
    s = connect(ECHO)
    s.sendall(b'x')
    s.recv(1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    s.close()
    until(lambda: 'ESTABLISHED' not in lab_.weft('netstat', '--host', 'bar', '-nt').stdout, 'the end of it')
    with connect(ECHO) as s:
        s.sendall(b'again')
        assert read_exactly(s, 5) == b'again'


def many_connections_at_once(lab_):
    serve(lab_, 'echo')
    open_ones = [connect(ECHO) for _ in range(200)]
    for i, s in enumerate(open_ones):
        s.sendall(b'%6d' % i)
    for i, s in enumerate(open_ones):
        assert read_exactly(s, 6) == b'%6d' % i
    for s in open_ones:
        s.close()


def many_short_connections(lab_):
    serve(lab_, 'daytime')
    for _ in range(1000):
        with connect(DAYTIME) as s:
            assert read_all(s).endswith(b'\r\n')


def a_slow_reader_stops_the_sender_and_loses_nothing(lab_):
    serve(lab_, 'echo')
    data = stream(8 * MIB)
    with connect(ECHO) as s:
        sent = in_background(lambda: (s.sendall(data), s.shutdown(socket.SHUT_WR)))
        time.sleep(1)  # windows close all the way round
        assert read_all(s) == data
        sent()


def curl_gets_a_page(lab_):
    lab.need('curl')
    serve(lab_, 'http')
    said = run('curl', '-sS', '-w', '%{http_code}', f'http://{OURS}/').stdout
    assert said.endswith('200'), said


# ---- weft calls ----

def weft_sends_to_the_kernel(lab_):
    data = stream(32 * MIB)
    s, port = listener()
    nc = start_nc(lab_, KERNEL, port)
    c = accept(s)
    written = in_background(lambda: nc.communicate(data, timeout=lab.PATIENCE))
    assert read_all(c) == data, 'the bytes came changed'
    c.close()
    assert written() == (b'', b'') and nc.returncode == 0


def the_kernel_sends_to_weft(lab_):
    data = stream(32 * MIB)
    s, port = listener()
    nc = start_nc(lab_, KERNEL, port)
    c = accept(s)
    sent = in_background(lambda: (c.sendall(data), c.close()))
    assert nc.communicate(b'', timeout=lab.PATIENCE) == (data, b'') and nc.returncode == 0
    sent()


def weft_closes_its_half_first(lab_):
    s, port = listener()
    nc = start_nc(lab_, KERNEL, port)
    c = accept(s)
    nc.stdin.write(b'question')
    nc.stdin.close()
    assert read_all(c) == b'question'
    c.sendall(b'answer')
    c.close()
    assert nc.stdout.read() == b'answer' and nc.wait(lab.PATIENCE) == 0


def the_kernel_closes_its_half_first(lab_):
    s, port = listener()
    nc = start_nc(lab_, KERNEL, port)
    c = accept(s)
    c.sendall(b'question')
    c.shutdown(socket.SHUT_WR)
    assert nc.stdout.read(8) == b'question'
    nc.stdin.write(b'answer')
    nc.stdin.close()
    assert read_all(c) == b'answer'
    assert nc.wait(lab.PATIENCE) == 0


def nobody_listens_so_weft_is_refused(lab_):
    done = lab_.weft('nc', '--host', 'bar', KERNEL, '4444', check=False)
    assert done.returncode == 1 and 'refused' in done.stderr, f'{done.returncode}: {done.stderr}'


def weft_listens_and_the_kernel_calls(lab_):
    nc = start_nc(lab_, '-l', '5000')
    until(lambda: ':5000 ' in lab_.weft('netstat', '--host', 'bar', '-lnt').stdout, 'the listener')
    with connect(5000) as s:
        s.sendall(b'hello')
        assert nc.stdout.read(5) == b'hello'
        nc.stdin.write(b'there')
        nc.stdin.close()
        assert read_all(s) == b'there'
    assert nc.wait(lab.PATIENCE) == 0


def netstat_counts_states_as_the_book_does(lab_):
    serve(lab_, 'echo', 'discard')
    kept = [connect(ECHO) for _ in range(3)]
    until(lambda: lab_.weft('netstat', '--host', 'bar', '-nt').stdout.count('ESTABLISHED') == 3, 'three connections')
    listing = lab_.weft('netstat', '--host', 'bar', '-pantu').stdout
    counted = run('awk', '/^tcp/{++S[$(NF-1)]} END{for(a in S) print a, S[a]}', input=listing).stdout.split('\n')
    assert 'ESTABLISHED 3' in counted and 'LISTEN 2' in counted, listing
    for s in kept:
        s.close()


if __name__ == '__main__':
    lab.main([
        daytime_is_one_line_and_the_end,
        echo_returns_every_byte,
        discard_swallows_and_closes,
        chargen_never_breaks_its_pattern,
        nobody_listens_so_the_kernel_is_refused,
        a_reset_by_the_kernel_ends_the_connection,
        many_connections_at_once,
        many_short_connections,
        a_slow_reader_stops_the_sender_and_loses_nothing,
        curl_gets_a_page,
        weft_sends_to_the_kernel,
        the_kernel_sends_to_weft,
        weft_closes_its_half_first,
        the_kernel_closes_its_half_first,
        nobody_listens_so_weft_is_refused,
        weft_listens_and_the_kernel_calls,
        netstat_counts_states_as_the_book_does,
    ])
