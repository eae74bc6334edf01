#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""weft run: dropbear serves and OpenSSH is its client, each on a stack of ours, with a terminal and a forwarded port."""
import os
import shlex
import shutil

from field import main
from lab import KERNEL, OURS, need, run

PORT = 2222


def server(field):
    """dropbear's command. The user's home is one of ours, in a mount namespace: that is where dropbear looks for keys."""
    need('dropbear')
    need('ssh')
    os.makedirs(field.path('home/.ssh'), mode=0o700)
    run('dropbearkey', '-t', 'ed25519', '-f', field.path('host'))
    run('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', field.path('id'))
    shutil.copy(field.path('id.pub'), field.path('home/.ssh/authorized_keys'))
    script = 'mount --bind home "$HOME" && exec dropbear -F -E -r host -P "" -p "$0"'
    return 'unshare', '--mount', 'sh', '-c', script, str(PORT)


def client(field, *options):
    return ('ssh', '-F', 'none', '-i', field.path('id'), '-o', 'StrictHostKeyChecking=no',
            '-o', 'UserKnownHostsFile=/dev/null', '-o', 'LogLevel=ERROR', '-p', str(PORT), *options)


def at_a_terminal(command, typed):
    """What the screen shows of a command that runs at a terminal, where somebody types."""
    return run('script', '--quiet', '--return', '--command', shlex.join(command), '/dev/null', input=typed).stdout


def converse(command, host):
    said = at_a_terminal([*command, '-t', f'root@{host}', 'tty; read line; echo "<$line>"'], 'hello\n')
    assert '/dev/pts/' in said and '<hello>' in said, said


def a_client_has_a_terminal(field):
    field.kernel_serves(PORT, *server(field))
    converse(field.command(*client(field)), KERNEL)


def a_client_forwards_a_port(field):
    """Who connects to it on our stack gets, by ssh, to a server on the kernel's."""
    need('curl')
    field.kernel_serves(PORT, *server(field))
    http = field.kernel_http()
    field.serve(8080, *client(field, '-N', '-g', '-L', f'{OURS}:8080:{KERNEL}:{http}'), f'root@{KERNEL}')
    run('curl', '-sS', '-o', field.path('got'), f'http://{OURS}:8080/big')
    assert field.holds('got')


def a_server_gives_a_terminal(field):
    field.serve(PORT, *server(field))
    converse(client(field), OURS)


def a_server_forwards_a_port(field):
    """Connections that the server makes on our stack, for a client on the kernel's."""
    need('curl')
    field.serve(PORT, *server(field))
    http = field.kernel_http()
    forward = client(field, '-N', '-L', f'{KERNEL}:8080:{KERNEL}:{http}')
    field.kernel_serves(8080, *forward, f'root@{OURS}')
    run('curl', '-sS', '-o', field.path('got'), f'http://{KERNEL}:8080/big')
    assert field.holds('got')
    assert not field.complaints(), field.complaints()


TESTS = [
    a_client_has_a_terminal,
    a_client_forwards_a_port,
    a_server_gives_a_terminal,
    a_server_forwards_a_port,
]


if __name__ == '__main__':
    main(TESTS)
