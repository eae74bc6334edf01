#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""ARP probes against the kernel (RFC 5227): an address that it has is not used, one that nobody has is."""
import os
import tempfile

import lab
from lab import run

DEVICE, PROBING = 'wt0', ('--sysctl', 'net.weft.arp_probe=1')


def up(directory, address):
    environment = {**os.environ, 'XDG_RUNTIME_DIR': directory}
    done = run(lab.WEFT, 'up', '--name', 'bar', '--if', f'tap:{DEVICE}', '--addr', f'{address}/24', *PROBING, check=False,
               env=environment)
    return done, environment


def on_a_device(test):
    def with_it():
        with tempfile.TemporaryDirectory() as directory:
            run('sh', '-ec', f'''
                ip tuntap add dev {DEVICE} mode tap
                ip address add {lab.KERNEL}/24 dev {DEVICE}
                ip link set {DEVICE} up''')
            try:
                test(directory)
            finally:
                run('ip', 'link', 'delete', DEVICE)

    with_it.__name__ = test.__name__
    return with_it


@on_a_device
def an_address_that_the_kernel_has_is_not_used(directory):
    done, _ = up(directory, lab.KERNEL)
    assert done.returncode == 1, done
    assert done.stderr == f'weft up: another station has {lab.KERNEL} already\n', done.stderr
    assert run('ip', 'neigh', 'show', 'dev', DEVICE).stdout == '', 'probes teach nothing'


@on_a_device
def an_address_that_nobody_has_is_used(directory):
    done, environment = up(directory, lab.OURS)
    assert done.returncode == 0, done
    assert run('ping', '-c', '1', '-W', '2', lab.OURS).returncode == 0
    run(lab.WEFT, 'down', 'bar', env=environment)


def main():
    if not os.access(lab.WEFT, os.X_OK):
        print(f'Bail out! there is no {lab.WEFT} to test')
        raise SystemExit(1)
    lab.enter_namespace()
    raise SystemExit(lab.report((test.__name__, test) for test in (
        an_address_that_the_kernel_has_is_not_used, an_address_that_nobody_has_is_used)))


if __name__ == '__main__':
    main()
