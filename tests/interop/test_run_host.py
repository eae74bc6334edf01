#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""weft run --host: programs that share a running host, its address and its ports, and leave nothing behind."""
import os
import re
import signal
import socket
import subprocess

import lab
from lab import KERNEL, LEAVE, OURS, WEFT, need, read_all, slow_listener, until

PYTHON = '/usr/bin/python3'
TALK = '''
import errno, socket, sys, threading
def attempt(name, call, *arguments):
    try:
        print(name, call(*arguments))
    except OSError as e:
        print(name, errno.errorcode[e.errno])
listener = socket.create_server(('', 7000))
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
waits = threading.Thread(target=attempt, args=('accept', listener.accept))
waits.start()
print('connected', flush=True)
attempt('recv', s.recv, 100)
attempt('send', s.send, b'x')
waits.join()
attempt('socket', socket.socket)
attempt('setsockopt', listener.setsockopt, socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
'''

# Joins two groups, one by bind and one by option, waits in turn by poll and by a blocking call, and leaves one.
LISTEN = '''
import select, socket, struct
LINK, V4_ROUTE, SOL_NETLINK, JOIN, LEAVE = 1, 7, 270, 1, 2
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
s.bind((0, 1 << LINK - 1))
s.setsockopt(SOL_NETLINK, JOIN, V4_ROUTE)
print('groups', s.getsockname()[1], flush=True)
for turn in range(4):
    if turn % 2:
        p = select.poll()
        p.register(s, select.POLLIN)
        p.poll()
    news, (port, group) = s.recvfrom(9000)
    n, kind, _, sequence, _ = struct.unpack_from('IHHII', news)
    print({16: 'link', 24: 'route', 25: 'route gone'}[kind], n == len(news), sequence, port, group, flush=True)
s.setsockopt(SOL_NETLINK, LEAVE, LINK)
print('groups', s.getsockname()[1], flush=True)
s.recv(9000)
print('route', flush=True)
'''


def listens(lab_, port):
    return any(f':{port} ' in line and 'LISTEN' in line for line in lab_.held())


def two_programs_share_an_address(lab_):
    need('curl')
    server = lab_.start(PYTHON, '-m', 'http.server', '8080')
    try:
        until(lambda: listens(lab_, 8080), 'http.server listening')
        row = next(line for line in lab_.held() if 'LISTEN' in line)
        assert re.search(r' \d+/python3$', row), row
        for address in (OURS, '127.0.0.1'):
            said = lab.run(*lab_.command('curl', '-sS', f'http://{address}:8080/'), env=lab_.environment).stdout
            assert 'Directory listing' in said, said
        assert 'Directory listing' in lab.run('curl', '-sS', f'http://{OURS}:8080/').stdout
        refused = lab.run(*lab_.command(PYTHON, '-m', 'http.server', '8080'), env=lab_.environment, check=False)
        assert 'Address already in use' in refused.stderr, refused.stderr
    finally:
        server.send_signal(signal.SIGTERM)
    assert server.wait(lab.PATIENCE) == 128 + signal.SIGTERM
    until(lambda: not lab_.held(), f'an empty table: {lab_.held()}')


def a_killed_program_leaves_nothing(lab_):
    process = lab_.start('sh', '-c', f'{PYTHON} -m http.server 8080 & echo $!; wait')
    child = int(process.stdout.readline())
    until(lambda: listens(lab_, 8080), 'http.server listening')
    kernel = socket.create_connection((OURS, 8080), lab.PATIENCE)
    until(lambda: any(re.search(r'ESTABLISHED +\d+/python3$', row) for row in lab_.held()), 'accept')
    lab.run('kill', '-KILL', str(child))
    process.wait(lab.PATIENCE)
    assert kernel.recv(10) == b''  # a close in order, as nothing was left unread
    kernel.close()
    until(lambda: not lab_.held(), 'an empty table')


def a_killed_command_leaves_nothing(lab_):
    process = lab_.start(PYTHON, '-m', 'http.server', '8080')
    until(lambda: listens(lab_, 8080), 'http.server listening')
    pid = int(re.search(r' (\d+)/python3', '\n'.join(lab_.held()))[1])
    process.kill()
    process.wait(lab.PATIENCE)
    until(lambda: not lab_.held(), 'an empty table')
    lab.run('kill', '-KILL', str(pid))


def the_hosts_death_is_a_reset(lab_):
    """And whoever calls, or has called and waits, hears that nobody is there to answer. One line says why."""
    listener = socket.create_server((KERNEL, 0))
    process = lab_.start(PYTHON, '-c', TALK, KERNEL, str(listener.getsockname()[1]))
    assert process.stdout.readline() == 'connected\n'
    lab_.kill()
    said, _ = process.communicate(timeout=lab.PATIENCE)
    listener.close()
    lines = said.splitlines()
    complaints = [line for line in lines if line.startswith('weft')]
    assert len(complaints) == 1 and 'went away' in complaints[0], said
    lines.remove(complaints[0])
    assert sorted(lines) == ['accept ENOSYS', 'recv ECONNRESET', 'send EPIPE', 'setsockopt ENOSYS', 'socket ENOSYS'], said
    assert process.returncode == 2, process.returncode
    until(lambda: not lab.device_exists(lab_.device), 'the end of the device')
    lab_.up()


def a_program_without_a_host_does_not_begin(lab_):
    done = lab.run(WEFT, 'run', '--host', 'nobody', '--', 'echo', 'begun', env=lab_.environment, check=False)
    assert done.returncode == 2 and 'begun' not in done.stdout and 'nobody' in done.stderr, done


def what_a_program_wrote_arrives_after_its_end(lab_):
    """On a host that stays, the program ends at once; the host delivers."""
    with slow_listener() as listener:
        program = lab_.start(PYTHON, '-c', LEAVE, KERNEL, str(listener.getsockname()[1]))
        said, _ = program.communicate(timeout=lab.PATIENCE)
        assert program.returncode == 0 and int(said) > 200000, said
        assert read_all(listener) == int(said)


def a_program_is_told_what_changes(lab_):
    """By rtnetlink: of what it asked for, with the group; of nothing else, and of nothing that was before."""
    route = ('10.20.0.0/16', 'via', KERNEL)
    program = lab_.start(PYTHON, '-c', LISTEN)
    for change, told in [
            (None, 'groups 65'),
            (('ifconfig', 'wt0', 'mtu', '1400'), 'link True 0 0 1'),
            (('route', 'add', *route), 'route True 0 0 64'),
            (('route', 'del', *route), 'route gone True 0 0 64'),
            (('ifconfig', 'wt0', 'mtu', '1500'), 'link True 0 0 1'),
            (None, 'groups 64'),
            (('ifconfig', 'wt0', 'mtu', '1300'), None),
            (('route', 'add', *route), 'route')]:
        if change:
            lab_.weft(change[0], '--host', 'bar', *change[1:])
        line = program.stdout.readline() if told else '\n'
        assert line == (told or '') + '\n', (change, line)
    assert program.wait(lab.PATIENCE) == 0
    lab_.weft('route', '--host', 'bar', 'del', *route)
    lab_.weft('ifconfig', '--host', 'bar', 'wt0', 'mtu', '1500')


def a_socket_of_another_run_is_not_taken_for_the_kernels(lab_):
    """Its bytes go through, whatever else is asked fails and is said, for it stays the other's."""
    way = os.path.join(lab_.directory, 'way')
    with socket.create_server((KERNEL, 0)) as listener:
        taker = lab_.start(PYTHON, '-c', '''
import os, socket, sys
way = socket.socket(socket.AF_UNIX)
way.bind(sys.argv[1] + '.')
way.listen()
os.rename(sys.argv[1] + '.', sys.argv[1])
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, socket.recv_fds(way.accept()[0], 1, 1)[1][0])
try:
    s.getpeername()
except OSError as e:
    print(e.strerror, flush=True)
s.sendall(b'from another run')
s.recv(1)
''', way)
        until(lambda: os.path.exists(way), 'a way to it')
        giver = lab_.start(PYTHON, '-c', '''
import socket, sys
s = socket.create_connection((sys.argv[2], int(sys.argv[3])))
way = socket.socket(socket.AF_UNIX)
way.connect(sys.argv[1])
socket.send_fds(way, [b'.'], [s.fileno()])
s.recv(1)
''', way, KERNEL, str(listener.getsockname()[1]))
        listener.settimeout(lab.PATIENCE)
        s, _ = listener.accept()
        s.settimeout(lab.PATIENCE)
        with s:
            assert s.recv(100) == b'from another run'
            s.sendall(b'..')
            said = [program.communicate(timeout=lab.PATIENCE)[0] for program in (taker, giver)]
    assert taker.returncode == giver.returncode == 0 and not said[1], said
    assert said[0].count('of another weft run') == 1 and 'Operation not supported' in said[0].splitlines(), said
    until(lambda: not lab_.held(), 'an empty table')


lab.main([
    two_programs_share_an_address,
    a_killed_program_leaves_nothing,
    a_killed_command_leaves_nothing,
    a_program_without_a_host_does_not_begin,
    a_socket_of_another_run_is_not_taken_for_the_kernels,
    a_program_is_told_what_changes,
    what_a_program_wrote_arrives_after_its_end,
    the_hosts_death_is_a_reset,
], kinds=('tap',))
