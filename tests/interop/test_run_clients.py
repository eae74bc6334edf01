#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""weft run: clients of Debian's, unmodified, on a stack of ours, and their servers on the kernel."""
import fcntl
import os
import socket
import struct
import termios
import threading
import time

import lab
from field import BIG, IPERF3, KERNEL6, OURS6, main, moved
from lab import KERNEL, need, run, until


def serve_once(listener, answer):
    """Answers one connection, in a thread."""
    def serve():
        s, _ = listener.accept()
        with s:
            answer(s)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return thread


def all_acknowledged(s):
    return struct.unpack('i', fcntl.ioctl(s, termios.TIOCOUTQ, bytes(4)))[0] == 0


# ---- curl ----

def curl_speaks_tls(field):
    need('curl')
    need('openssl')
    run('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
        '-keyout', field.path('key'), '-out', field.path('cert'), '-subj', '/CN=peer',
        '-addext', f'subjectAltName=IP:{KERNEL}')
    field.kernel_serves(4433, 'openssl', 's_server', '-quiet', '-WWW', '-accept', f'{KERNEL}:4433', '-key', 'key',
                        '-cert', 'cert')
    field.on_weft('curl', '-sS', '--cacert', 'cert', '-o', 'got', f'https://{KERNEL}:4433/big')
    assert field.holds('got')


def curl_speaks_ipv6(field):
    need('curl')
    port = field.kernel_http(KERNEL6)
    field.on_weft('curl', '-sS', '-o', 'got', f'http://[{KERNEL6}]:{port}/big', addr=f'{OURS6}/64')
    assert field.holds('got')


def a_transfer_that_is_aborted_does_not_look_complete(field):
    """Without a length, only the reset tells the program that something is missing."""
    need('curl')
    listener = field.listen()

    def answer(s):
        s.recv(1000)
        s.sendall(b'HTTP/1.0 200 OK\r\n\r\n' + BIG[:100000])
        until(lambda: all_acknowledged(s), 'the acknowledgment of what was sent')
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))

    serve_once(listener, answer)
    done = field.on_weft('curl', '-sS', '-o', 'got', f'http://{KERNEL}:{listener.getsockname()[1]}/', check=False)
    assert done.returncode == 56 and 'reset' in done.stderr, f'{done.returncode}: {done.stderr}'
    assert os.path.getsize(field.path('got')) == 100000, 'what came before the reset is kept'


def curl_limits_its_rate(field):
    """It reads seldom, so the window closes, and opens again. While there is something to read it takes up to a
    hundred buffers of 100 KiB before it looks at the clock, so the file is longer than that."""
    need('curl')
    with open(field.path('long'), 'wb') as file:
        file.write(BIG * 8)
    port = field.kernel_http()
    began = time.monotonic()
    field.on_weft('curl', '-sS', '--limit-rate', '16M', '-o', 'got', f'http://{KERNEL}:{port}/long')
    took = time.monotonic() - began
    assert field.holds('got', BIG * 8), 'not what was sent'
    assert took > 0.3, f'{took} s; without a limit: some hundredths'


# ---- busybox, static ----

def a_static_nc_sends_a_file_and_hears_the_answer(field):
    need('busybox')
    listener = field.listen()
    heard = []

    def answer(s):
        while sum(map(len, heard)) < len(BIG):
            heard.append(s.recv(65536))
        s.sendall(b'thanks')

    server = serve_once(listener, answer)
    with open(field.path('big'), 'rb') as big:
        said = field.on_weft('busybox', 'nc', KERNEL, str(listener.getsockname()[1]), stdin=big).stdout
    server.join(lab.PATIENCE)
    assert said == 'thanks' and b''.join(heard) == BIG


# ---- iperf3, dig ----

def iperf3_sends_and_receives(field):
    need('iperf3')
    field.kernel_serves(5201, 'iperf3', '-s', '-B', KERNEL)
    for how in IPERF3:
        said = field.on_weft('iperf3', '-c', KERNEL, *how)
        assert moved(said.stdout) and 'weft' not in said.stderr, f'{how}: {said.stdout}{said.stderr}'


def dig_asks_over_udp(field):
    need('dig')
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((KERNEL, 0))
    s.settimeout(lab.PATIENCE)
    field.sockets.append(s)

    def serve():
        question, peer = s.recvfrom(512)
        end = question.index(b'\0', 12) + 5
        answer = b'\xc0\x0c' + struct.pack('>HHIH', 1, 1, 60, 4) + bytes([192, 0, 2, 7])
        s.sendto(question[:2] + b'\x81\x80' + struct.pack('>HHHH', 1, 1, 0, 0) + question[12:end] + answer, peer)

    threading.Thread(target=serve, daemon=True).start()
    said = field.on_weft('dig', '+noedns', f'@{KERNEL}', '-p', str(s.getsockname()[1]), 'a.example', 'A', '+short')
    assert said.stdout == '192.0.2.7\n' and not said.stderr, said.stdout + said.stderr


TESTS = [
    curl_speaks_tls,
    curl_speaks_ipv6,
    a_transfer_that_is_aborted_does_not_look_complete,
    curl_limits_its_rate,
    a_static_nc_sends_a_file_and_hears_the_answer,
    iperf3_sends_and_receives,
    dig_asks_over_udp,
]


if __name__ == '__main__':
    main(TESTS)
