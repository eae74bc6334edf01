#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test.py DIRECTORY NAME: runs an example out of DIRECTORY and looks at what it does. The peer of those that have a
device is the kernel, in a network namespace of its own (see tests/interop/lab.py)."""
import os
import re
import socket
import subprocess
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, '..', 'tests', 'interop'))
import lab  # noqa: E402
from lab import KERNEL, OURS, run, until  # noqa: E402

DIRECTORY = os.path.abspath(sys.argv[1])
DEVICE = 'wt0'
MIB = 1 << 20


def program(name):
    return os.path.join(DIRECTORY, name)


def kernel_end():
    """A TAP device for an example to open; the kernel's end of it has an address."""
    lab.enter_namespace()
    run('ip', 'link', 'set', 'lo', 'up')
    run('ip', 'tuntap', 'add', 'dev', DEVICE, 'mode', 'tap')
    run('ip', 'address', 'add', f'{KERNEL}/24', 'dev', DEVICE)
    run('ip', 'link', 'set', DEVICE, 'up')


# ---- the blocking echo client ----

def kernel_echo():
    """Echoes to one client after the other; returns its port."""
    listener = socket.create_server((KERNEL, 0))

    def serve():
        while True:
            client, _ = listener.accept()
            with client:
                while data := client.recv(65536):
                    client.sendall(data)

    threading.Thread(target=serve, daemon=True).start()
    return listener.getsockname()[1]


def lines_come_back_from_a_kernel_server():
    lines = ''.join(f'line {i} of a hundred\n' for i in range(100))
    said = run(program('echo-client'), f'tap:{DEVICE}', f'{OURS}/24', KERNEL, str(kernel_echo()), input=lines)
    assert said.stdout == lines, said.stdout


def nobody_there_is_said_in_one_line():
    done = run(program('echo-client'), f'tap:{DEVICE}', f'{OURS}/24', KERNEL, '9', check=False)
    assert done.returncode == 1 and done.stderr == 'connect: Connection refused\n', done


def usage_is_told():
    assert run(program('echo-client'), check=False).returncode == 2


# ---- the stack in another's loop ----

def each_line_is_told_to_all():
    port = 7000
    with subprocess.Popen([program('own-loop'), f'tap:{DEVICE}', OURS, str(port)], stdin=subprocess.PIPE) as loop:
        clients = [patient_client(port) for _ in range(3)]
        files = [client.makefile('rb') for client in clients]
        # A client is connected before the program has accepted it.
        assert [f.readline() for f in files] == [b'welcome\n'] * 3
        for line in b'first\n', b'second\n':
            assert told(loop, line, files)
        clients.pop().close()
        files.pop().close()
        assert told(loop, b'third\n', files)
        loop.stdin.close()
        assert [f.read() for f in files] == [b''] * 2, 'the end of the input is the end for all'
        for client in clients:
            client.close()
        for f in files:
            f.close()
        assert loop.wait(lab.PATIENCE) == 0


def patient_client(port):
    """Connects as soon as somebody listens."""
    made = []

    def tried():
        try:
            made.append(socket.create_connection((OURS, port), timeout=lab.PATIENCE))
        except OSError:
            return False
        return True

    until(tried, 'a connection')
    return made[0]


def told(loop, line, files):
    loop.stdin.write(line)
    loop.stdin.flush()
    return all(f.readline() == line for f in files)


# ---- without a device ----

def the_same_seed_gives_the_same_run():
    first, again, other = (run(program('two-stacks'), seed).stdout for seed in ('1', '1', '2'))
    assert re.fullmatch(rf'{MIB} bytes in \d+\.\d+ s, [1-9]\d* of \d+ packets lost\n', first), first
    assert first == again and first != other, (first, again, other)


def ten_thousand_connections_are_held():
    done = run(program('ten-thousand'), check=False, timeout=50)
    if done.returncode == 77:
        raise lab.Skip(done.stderr.removeprefix('skip: ').strip())
    assert done.stdout == '10000 connections at once, each heard what it said\n', done


def the_table_has_a_row_for_each():
    run('ip', 'link', 'set', 'lo', 'up')
    said = run(os.path.join(HERE, 'servers', 'table'), DIRECTORY, '1', '2', '5', '4000').stdout
    rows = [line.split('|')[1:-1] for line in said.splitlines()[2:]]
    assert [row[0].strip() for row in rows] == DESIGNS, said
    assert all(int(figure) > 0 for row in rows for figure in row[2:]), said


DESIGNS = ['iterative', 'thread', 'prethreaded', 'prethreaded-lock', 'handover', 'loop']


def each_design_serves(network):
    """Its clients check each answer. Five at once, twenty times: little, for it is no measurement."""
    lab.enter_namespace()
    run('ip', 'link', 'set', 'lo', 'up')
    said = run(program(f'servers-{network}'), '5', '20', '4000').stdout
    rows = [line.split('\t') for line in said.splitlines()]
    assert [row[:2] for row in rows] == [[network, design] for design in DESIGNS], said
    assert all(float(row[3]) > 0 and float(row[4]) > 0 for row in rows), said


def each_design_serves_on_the_kernel():
    each_design_serves('kernel')


def each_design_serves_on_weft():
    each_design_serves('weft')


def an_unknown_design_is_refused():
    assert run(program('servers-weft'), '1', '1', '1', 'nothing', check=False).returncode == 2


TESTS = {
    'echo_client': (kernel_end, [lines_come_back_from_a_kernel_server, nobody_there_is_said_in_one_line,
                                 usage_is_told]),
    'own_loop': (kernel_end, [each_line_is_told_to_all]),
    'two_stacks': (None, [the_same_seed_gives_the_same_run]),
    'ten_thousand': (None, [ten_thousand_connections_are_held]),
    'servers_table': (lab.enter_namespace, [the_table_has_a_row_for_each]),
    'servers': (lab.enter_namespace, [each_design_serves_on_the_kernel, each_design_serves_on_weft,
                                      an_unknown_design_is_refused]),
}

prepare, tests = TESTS[sys.argv[2]]
if prepare:
    prepare()
sys.exit(lab.report((test.__name__, test) for test in tests))
