#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""RARP against Debian's rarpd: a station of ours that does not know its address asks for it."""
import json
import os
import shutil
import socket
import subprocess
import tempfile

import lab
from lab import run, until

ETH_P_RARP = 0x8035
DEVICE = 'wt0'


class Server:
    """rarpd on the kernel's side of a device that is there before the host; what it sees as /etc is ours."""

    def __enter__(self):
        lab.need('rarpd')
        self.directory = tempfile.mkdtemp(prefix='weft-rarp-')
        self.environment = {**os.environ, 'XDG_RUNTIME_DIR': self.directory}
        self.write('nsswitch.conf', 'ethers: files\nhosts: files\n')
        self.write('ethers', '')
        run('sh', '-ec', f'''
            ip link set lo up
            ip tuntap add dev {DEVICE} mode tap
            ip address add {lab.KERNEL}/24 dev {DEVICE}
            ip link set {DEVICE} up''')
        self.daemon = subprocess.Popen(
            ['unshare', '--mount', 'sh', '-ec', f'mount --bind {self.directory}/etc /etc; exec rarpd -d -e {DEVICE}'],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.ear = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_RARP))
        self.ear.bind((DEVICE, ETH_P_RARP))
        self.ear.settimeout(lab.PATIENCE)
        return self

    def __exit__(self, *_):
        self.ear.close()
        self.daemon.kill()
        self.daemon.wait()
        run('ip', 'link', 'delete', DEVICE)
        shutil.rmtree(self.directory)

    def write(self, name, text):
        """Adds text to a file of the directory that rarpd sees as /etc."""
        os.makedirs(os.path.join(self.directory, 'etc'), exist_ok=True)
        with open(os.path.join(self.directory, 'etc', name), 'a') as file:
            file.write(text)

    def weft(self, *arguments, **options):
        return run(lab.WEFT, *arguments, env=self.environment, **options)

    def up(self, address):
        return subprocess.Popen([lab.WEFT, 'up', '--name', 'bar', '--if', f'tap:{DEVICE}', '--addr', address],
                                env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def enter(self, address):
        """Waits for a station to ask, and enters it into the table.

        rarpd answers this question or the next one: it looks into the table when it gets to run.
        """
        frame = self.ear.recv(100)
        assert frame[:6] == b'\xff' * 6 and frame[20:22] == b'\0\3', frame.hex()
        self.write('ethers', f'{frame[6:12].hex(":")} {address}\n')


def a_station_gets_its_address_from_rarpd():
    with Server() as server:
        host = server.up('rarp/24')
        server.enter(lab.OURS)
        said = host.communicate(timeout=lab.PATIENCE)[0]
        assert host.returncode == 0 and f'rarp/24 = {lab.OURS}/24' in said, said
        assert run('ping', '-c', '1', '-W', '2', lab.OURS).returncode == 0
        counters = json.loads(server.weft('netstat', '--host', 'bar', '-s', '--json').stdout)['counters']
        assert 1 <= counters['rarp_replies_in'] <= counters['rarp_requests_out'], counters
        assert f'inet {lab.OURS}  netmask 255.255.255.0' in server.weft('ifconfig', '--host', 'bar').stdout
        server.weft('down', 'bar')


def a_station_that_nobody_knows_shows_that_it_asks():
    with Server() as server:
        host = server.up('rarp')
        until(lambda: 'asked for by RARP' in server.weft('ifconfig', '--host', 'bar', check=False).stdout, 'the question')
        server.ear.recv(100)
        server.weft('down', 'bar')
        host.communicate(timeout=lab.PATIENCE)


def mistakes_are_told_in_one_line():
    with Server() as server:
        for arguments, said in [(('tap:wt0', '--addr', 'rarp/33'), "bad address 'rarp/33'"),
                                (('tap:wt0', '--addr', 'rarp', '--addr', 'rarp'), 'cannot ask for its address'),
                                (('tun:wt1', '--addr', 'rarp'), 'wt1 cannot ask for its address: RARP is for Ethernet')]:
            done = server.weft('up', '--name', 'bar', '--if', *arguments, check=False)
            assert done.returncode == 2 and said in done.stderr and done.stderr.count('\n') == 1, done


def main():
    if not os.access(lab.WEFT, os.X_OK):
        print(f'Bail out! there is no {lab.WEFT} to test')
        raise SystemExit(1)
    lab.enter_namespace()
    raise SystemExit(lab.report((test.__name__, test) for test in (
        a_station_gets_its_address_from_rarpd, a_station_that_nobody_knows_shows_that_it_asks,
        mistakes_are_told_in_one_line)))


if __name__ == '__main__':
    main()
