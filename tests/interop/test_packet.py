#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""weft on an Ethernet interface of the machine, by a packet socket: one end of a veth pair; the kernel has the other."""
import hashlib
import shutil
import socket
import threading
import time

import lab
from lab import KERNEL, OURS, WEFT, run, until

KERNEL6, OURS6 = 'fd09::1', 'fd09::2'


class VethLab(lab.Lab):
    """The kernel on wt1, the host named bar on wt0."""

    def __init__(self):
        super().__init__('packet')

    def __enter__(self):
        run('ip', 'link', 'set', 'lo', 'up')
        run('ip', 'link', 'add', 'wt0', 'type', 'veth', 'peer', 'name', 'wt1')
        run('ip', 'link', 'set', 'wt1', 'up')
        run('ip', 'address', 'add', f'{KERNEL}/24', 'dev', 'wt1')
        run('ip', 'address', 'add', f'{KERNEL6}/64', 'dev', 'wt1', 'nodad')
        self.up('--addr', f'{OURS6}/64', '--sysctl', 'net.ipv6.conf.default.accept_dad=0', *self.arguments)
        return self

    def __exit__(self, *trouble):
        down = self.weft('down', 'bar', check=False)
        run('ip', 'link', 'delete', 'wt0', check=False)
        shutil.rmtree(self.directory, ignore_errors=True)
        if trouble[0] is None:
            assert down.returncode == 0, f'weft down: {down.stderr}'


def drops(lab_):
    return lab_.weft('netstat', '--host', 'bar', '-s').stdout.split('Drops:')[1]


def each_pings_the_other(lab_):
    for theirs, ours in (KERNEL, OURS), (KERNEL6, OURS6):
        for size in '56', '4000':
            assert ' 0% packet loss' in run('ping', '-c', '2', '-i', '0.01', '-s', size, ours).stdout
            said = lab_.weft('ping', '--host', 'bar', '-c', '2', '-i', '0.01', '-s', size, theirs).stdout
            assert ' 0% packet loss' in said, said


def bulk_goes_both_ways_with_and_without_offloads(lab_):
    lab_.weft('serve', '--host', 'bar', 'echo')
    sent = bytes(range(256)) * 40_000
    for offload in 'on', 'off':
        if shutil.which('ethtool'):
            run('ethtool', '-K', 'wt1', 'tx', offload, 'tso', offload)
        for ours in OURS, OURS6:
            digest = hashlib.sha256()
            with socket.create_connection((ours, 7), timeout=lab.PATIENCE) as s:
                threading.Thread(target=lambda: (s.sendall(sent), s.shutdown(socket.SHUT_WR)), daemon=True).start()
                while piece := s.recv(1 << 20):
                    digest.update(piece)
            assert digest.digest() == hashlib.sha256(sent).digest(), f'{ours}, offload {offload}'
    assert 'checksum' not in drops(lab_), drops(lab_)


def what_the_kernel_sends_there_itself_is_not_heard(lab_):
    run('ip', 'address', 'add', '10.8.0.1/24', 'dev', 'wt0')
    run('ping', '-c', '1', '-W', '0.2', '10.8.0.9', check=False)  # asks for it out of wt0
    run('ip', 'address', 'delete', '10.8.0.1/24', 'dev', 'wt0')
    assert 'arp_not_ours' not in drops(lab_), drops(lab_)


def an_interface_that_goes_down_and_up_is_survived(lab_):
    run('ip', 'link', 'set', 'wt0', 'down')
    lab_.weft('ping', '--host', 'bar', '-c', '1', '-W', '0.2', KERNEL, check=False)
    run('ip', 'link', 'set', 'wt0', 'up')
    until(lambda: ' 0% packet loss' in lab_.weft('ping', '--host', 'bar', '-c', '1', '-W', '1', KERNEL,
                                                 check=False).stdout, 'an answer')


def an_interface_that_goes_away_is_survived(lab_):
    run('ip', 'link', 'delete', 'wt0')
    until(lambda: 'wt0' not in lab_.weft('netstat', '--host', 'bar', '-i').stdout, 'the interface going away')


def an_interface_that_goes_away_after_it_went_down_is_survived(lab_):
    """The kernel tells that it is down, and nothing more when it goes."""
    run('ip', 'link', 'set', 'wt0', 'down')
    time.sleep(0.1)  # so that it was heard
    run('ip', 'link', 'delete', 'wt0')
    until(lambda: 'wt0' not in lab_.weft('netstat', '--host', 'bar', '-i').stdout, 'the interface going away')


def what_is_no_interface_is_one_line(lab_):
    for name, word in ('wt9', 'no interface wt9'), ('lo', 'no Ethernet interface'):
        done = run(WEFT, 'up', '--name', 'two', '--if', f'packet:{name}', check=False, env=lab_.environment)
        assert done.returncode == 2 and word in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr


def on_a_veth(test):
    def call():
        with VethLab() as lab_:
            test(lab_)

    return test.__name__, call


if __name__ == '__main__':
    lab.enter_namespace()
    lab.sys.exit(lab.report(on_a_veth(test) for test in [
        each_pings_the_other,
        bulk_goes_both_ways_with_and_without_offloads,
        what_the_kernel_sends_there_itself_is_not_heard,
        an_interface_that_goes_down_and_up_is_survived,
        an_interface_that_goes_away_is_survived,
        an_interface_that_goes_away_after_it_went_down_is_survived,
        what_is_no_interface_is_one_line,
    ]))
