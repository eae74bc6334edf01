#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""weft run: servers of Debian's, unmodified, on a stack of ours, and their clients on the kernel."""
import os
import re
import resource
import select
import signal
import socket
import threading

import lab
from field import IPERF3, main, moved
from lab import OURS, need, run, until

HELD = 10000  # of which every TENTH asks
TENTH = 10
UP = b'GET /up HTTP/1.1\r\nHost: h\r\n\r\n'


# ---- nginx ----

def nginx_config(field):
    """Two workers that send files by sendfile, and say `up`."""
    places = ''.join(f'{kind}_temp_path {field.path("tmp")};'
                     for kind in ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'))
    return field.write('nginx.conf', f'''
daemon off; user root; worker_processes 2; worker_rlimit_nofile {HELD + 500};
pid {field.path("pid")}; error_log stderr crit;
events {{ worker_connections {HELD + 100}; }}
http {{
    access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000; root {field.directory}; {places}
    server {{ listen 8080 backlog=2000; location /up {{ return 200 "up"; }} }}
}}
''')


def nginx(field):
    need('nginx')
    need('curl')
    config = nginx_config(field)
    return field.serve(8080, 'nginx', '-e', 'stderr', '-c', config)


def ask(connection):
    """One request on a connection that is kept."""
    connection.sendall(UP)
    answer = b''
    while not answer.endswith(b'\r\n\r\nup'):
        more = connection.recv(4096)
        assert more, f'the end after {answer}'
        answer += more


def connect():
    connection = socket.create_connection((OURS, 8080), lab.PATIENCE)
    connection.settimeout(lab.PATIENCE)
    return connection


def nginx_sends_files_and_keeps_connections(field):
    nginx(field)
    url = f'http://{OURS}:8080/big'
    said = run('curl', '-sS', '-w', '%{num_connects}\n', '-o', field.path('got'), url, '-o', field.path('too'), url)
    assert field.holds('got') and field.holds('too')
    assert said.stdout == '1\n0\n', f'connections made: {said.stdout}'


def nginx_holds_many_connections(field):
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    many = min(HELD, limit - 200)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    nginx(field)
    held, closed = [], select.poll()
    try:
        for _ in range(many):
            held.append(connect())
            closed.register(held[-1], select.POLLIN | select.POLLRDHUP)
        for connection in held[::TENTH] + held[::-TENTH]:
            ask(connection)
        assert not closed.poll(0), 'one was closed, or said something unasked'
    finally:
        for connection in held:
            connection.close()


def nginx_loses_nobody_when_it_reloads(field):
    """Old workers finish what they have, new ones take over the listener; in the end all leave in peace."""
    process = nginx(field)
    answered, troubles, over = [0], [], threading.Event()

    def load():
        while not over.is_set() and not troubles:
            try:
                with connect() as connection:
                    ask(connection)
                answered[0] += 1
            except (OSError, AssertionError) as trouble:
                troubles.append(repr(trouble))

    threads = [threading.Thread(target=load, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(2):
        before = answered[0]
        until(lambda before=before: answered[0] > before + 50 or troubles, 'answers')
        process.send_signal(signal.SIGHUP)
        before = answered[0]
        until(lambda before=before: answered[0] > before + 50 or troubles, 'answers after a reload')
    over.set()
    for thread in threads:
        thread.join(lab.PATIENCE)
    assert not troubles, troubles
    process.send_signal(signal.SIGQUIT)
    assert process.wait(lab.PATIENCE) == 0, field.said()


# ---- others ----

def memcached_answers_on_tcp_and_udp(field):
    need('memcached')
    field.serve(11211, 'memcached', '-u', 'root', '-l', OURS, '-U', '11211', '-t', '2')
    with socket.create_connection((OURS, 11211), lab.PATIENCE) as s, s.makefile('rb') as answers:
        s.sendall(b'set a 0 0 5\r\nhello\r\nget a\r\n')
        assert [answers.readline() for _ in range(4)] == [b'STORED\r\n', b'VALUE a 0 5\r\n', b'hello\r\n', b'END\r\n']
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(lab.PATIENCE)
        s.sendto(b'\0\1\0\0\0\1\0\0get a\r\n', (OURS, 11211))
        assert s.recv(1000) == b'\0\1\0\0\0\1\0\0VALUE a 0 5\r\nhello\r\nEND\r\n'


def dnsmasq_answers_on_tcp_and_udp(field):
    """It does not begin where it may not wait for changes of addresses."""
    need('dnsmasq')
    need('dig')
    names = field.write('names', '192.0.2.7 name.test\n')
    field.serve(5353, 'dnsmasq', '--no-daemon', '--user=root', '--conf-file=/dev/null', '--no-resolv', '--no-hosts',
                f'--addn-hosts={names}', '--port=5353')
    for way in '+notcp', '+tcp':
        assert run('dig', '+short', way, f'@{OURS}', '-p', '5353', 'name.test').stdout == '192.0.2.7\n', way
    assert not field.complaints(), field.complaints()


def haproxy_passes_on_and_checks(field):
    """Both a server and a client; the health checks connect without blocking, and reset."""
    need('haproxy')
    need('curl')
    http = field.kernel_http()
    config = field.write('haproxy.cfg', f'''
global
    maxconn 500
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend here
    bind {OURS}:8080
    default_backend there
backend there
    server kernel {lab.KERNEL}:{http} check inter 100
    server nobody {lab.KERNEL}:9 check inter 100 backup
''')
    field.serve(8080, 'haproxy', '-f', config, '-db')
    for _ in range(5):
        run('curl', '-sS', '--fail', '-o', field.path('got'), f'http://{OURS}:8080/big')
        assert field.holds('got')
    until(lambda: 'Server there/nobody is DOWN' in field.said(), 'the failed check of a server that is not there')
    assert 'Server there/kernel is DOWN' not in field.said(), field.said()


def iperf3_serves(field):
    """It closes its listener after each test, and opens it again: who comes too early is refused, or reset if he was
    waiting to be accepted, and asks once more."""
    need('iperf3')
    too_early = 'unable to connect|unable to receive control message: Connection reset|server is busy'
    field.serve(5201, 'iperf3', '-s')
    for how in IPERF3:
        client = []

        def connected(how=how, client=client):
            client[:] = [run('iperf3', '-c', OURS, *how, check=False)]
            return not re.search(too_early, client[0].stderr)

        until(connected, f'iperf3 {how}')
        assert moved(client[0].stdout), f'{how}: {client[0]}'
    assert not field.complaints(), field.complaints()


def a_static_nc_listens(field):
    need('busybox')
    field.start(field.command('sh', '-c', 'busybox nc -l -p 7000 >got; echo over'))
    with open(field.path('big'), 'rb') as big:
        def sent():
            try:
                with socket.create_connection((OURS, 7000), 1) as s:
                    s.sendfile(big)
                return True
            except OSError:
                return False

        until(sent, 'a connection to nc')
    until(lambda: 'over' in field.said(), 'the end of nc')
    assert field.holds('got')


# ---- PostgreSQL ----

# It will not be root: in a user namespace it is nobody.
NOBODY = ('unshare', '--user', '--map-user=65534', '--map-group=65534')


def postgres(field):
    """A new cluster, served; pgbench's command for it."""
    need('pg_config')
    programs = run('pg_config', '--bindir').stdout.strip()
    need(f'{programs}/initdb')
    os.chmod(field.directory, 0o755)
    data = field.path('data')
    run(*NOBODY, f'{programs}/initdb', '-D', data, '-U', 'weft', '-A', 'trust', '-N', '--locale=C', '--no-instructions')
    with open(os.path.join(data, 'pg_hba.conf'), 'a', encoding='utf-8') as f:
        f.write('host all all 10.9.0.0/24 trust\n')
    field.serve(5432, *NOBODY, f'{programs}/postgres', '-D', data, '-F', '-k', '', '-c', f'listen_addresses={OURS}')
    return f'{programs}/pgbench', '-h', OURS, '-U', 'weft', '-n'


def postgresql_serves_pgbench(field):
    bench = postgres(field)
    run(*bench, '-i', '-q', 'postgres')
    said = run(*bench, '-c', '4', '-j', '2', '-t', '10', 'postgres').stdout
    assert 'number of transactions actually processed: 40/40' in said, said
    assert re.search(r'failed transactions: 0 ', said), said
    assert not field.complaints(), field.complaints()


TESTS = [
    nginx_sends_files_and_keeps_connections,
    nginx_holds_many_connections,
    nginx_loses_nobody_when_it_reloads,
    memcached_answers_on_tcp_and_udp,
    dnsmasq_answers_on_tcp_and_udp,
    haproxy_passes_on_and_checks,
    iperf3_serves,
    a_static_nc_listens,
    postgresql_serves_pgbench,
]


if __name__ == '__main__':
    main(TESTS)
