#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""weft as the router between two kernels, and a kernel as the router between two hosts of weft; both versions of IP."""
import hashlib
import json
import os
import re
import subprocess

import lab
from lab import run, until

LEFT, RIGHT = ('10.9.0.1', '10.9.0.2'), ('10.7.0.1', '10.7.0.2')  # a kernel's address, and ours beside it
LEFT6, RIGHT6 = ('fd09::1', 'fd09::2'), ('fd07::1', 'fd07::2')
SIZE = 3_000_000


def settled(lab_):
    until(lambda: 'tentative' not in lab_.weft('ifconfig', '--host', 'bar').stdout, 'the addresses')


class Right:
    """A second interface of ours, wt1, on whose other side another namespace is."""

    def __init__(self, mtu=1500):
        self.mtu = mtu

    def __enter__(self):
        self.room = subprocess.Popen(['unshare', '--net', 'sleep', '1000'])
        pid = self.room.pid
        until(lambda: os.readlink(f'/proc/{pid}/ns/net') != os.readlink('/proc/self/ns/net'), 'a namespace')
        self.inside('sysctl', '-qw', 'net.ipv6.conf.default.accept_dad=0')
        run('ip', 'link', 'set', 'wt1', 'netns', str(pid))
        self.inside('sh', '-ec', f'''
            ip link set lo up
            ip address add {RIGHT[0]}/24 dev wt1
            ip address add {RIGHT6[0]}/64 dev wt1 nodad
            ip link set wt1 up mtu {self.mtu}
            ip route add default via {RIGHT[1]}
            ip -6 route add default via {RIGHT6[1]}''')
        return self

    def inside(self, *command, **options):
        return run('nsenter', '-t', str(self.room.pid), '-n', *command, **options)

    def popen(self, *command, **options):
        return subprocess.Popen(['nsenter', '-t', str(self.room.pid), '-n', *command], **options)

    def __exit__(self, *_):
        self.room.kill()
        self.room.wait()


def as_router(test):
    """The test gets a weft with two interfaces that forwards, and a namespace behind the second."""
    def both(lab_):
        run('sh', '-ec', f'''
            sysctl -qw net.ipv6.conf.wt0.accept_dad=0
            ip address add {LEFT6[0]}/64 dev wt0 nodad
            ip route add 10.7.0.0/24 via {LEFT[1]}
            ip -6 route add fd07::/64 via {LEFT6[1]}''')
        with Right() as right:
            settled(lab_)
            for target in (RIGHT[0], RIGHT6[0]):
                until(lambda: run('ping', '-c', '1', '-W', '0.3', target, check=False).returncode == 0, 'a way through')
            test(lab_, right)

    both.__name__ = test.__name__
    both.kinds = ('tap',)
    both.arguments = ('--addr', f'{LEFT6[1]}/64', '--if', 'tap:wt1', '--addr', f'{RIGHT[1]}/24', '--addr',
                      f'{RIGHT6[1]}/64', '--sysctl', 'net.ipv4.ip_forward=1', '--sysctl',
                      'net.ipv6.conf.all.forwarding=1', '--sysctl', 'net.ipv6.conf.default.accept_dad=0')
    return both


@as_router
def weft_tells_who_asks_too_far(lab_, right):
    for target, router in ((RIGHT[0], LEFT[1]), (RIGHT6[0], LEFT6[1])):
        said = run('ping', '-n', '-c', '1', '-W', '1', '-t', '1', target, check=False).stdout
        assert re.search(rf'From {router} icmp_seq=1 Time (to live )?exceeded', said), said
        assert ' ttl=63 ' in run('ping', '-n', '-c', '1', target).stdout


@as_router
def weft_tells_what_the_next_link_carries(lab_, right):
    lab_.weft('ifconfig', '--host', 'bar', 'wt1', 'mtu', '1400')
    for target, router, size in ((RIGHT[0], LEFT[1], 1400), (RIGHT6[0], LEFT6[1], 1400)):
        said = run('ping', '-n', '-c', '1', '-W', '1', '-M', 'do', '-s', '1440', target, check=False).stdout
        assert router in said and 'mtu' in said.lower() and str(size) in said, said
        assert run('ping', '-c', '1', '-M', 'do', '-s', '1300', target).returncode == 0
    assert run('ping', '-c', '1', '-M', 'dont', '-s', '4000', RIGHT[0]).returncode == 0  # cut, put together
    assert run('ping', '-c', '1', '-s', '4000', RIGHT6[0]).returncode == 0


@as_router
def bulk_tcp_goes_through_weft_whole(lab_, right):
    text = os.urandom(SIZE)
    for family, target in (('', RIGHT[0]), ('6', RIGHT6[0])):
        serve = ("import socket,hashlib,sys\n"
                 f"s=socket.create_server(('{target}', 7777), family=socket.AF_INET{family})\n"
                 "print('up', flush=True)\nc,_=s.accept()\nh=hashlib.sha256()\n"
                 "while (b:=c.recv(65536)): h.update(b)\nprint(h.hexdigest(), flush=True)")
        server = right.popen('python3', '-c', serve, stdout=subprocess.PIPE, text=True)
        assert server.stdout.readline() == 'up\n'
        run('python3', '-c', f"import socket,sys\nc=socket.create_connection(('{target}', 7777))\n"
            "c.sendall(sys.stdin.buffer.read())\nc.close()", input=text, text=False)
        assert server.communicate(timeout=lab.PATIENCE)[0].strip() == hashlib.sha256(text).hexdigest()
        assert server.wait() == 0
    counters = json.loads(lab_.weft('netstat', '--host', 'bar', '-s', '--json').stdout)['counters']
    assert counters['ip_forwarded'] > 2 * SIZE / 65536, counters


@as_router
def weft_redirects_and_the_kernel_follows(lab_, right):
    run('sh', '-ec', '''
        sysctl -qw net.ipv4.conf.all.accept_redirects=1 net.ipv4.conf.wt0.accept_redirects=1
        sysctl -qw net.ipv4.conf.all.secure_redirects=0 net.ipv4.conf.wt0.secure_redirects=0
        ip neigh add 10.9.0.9 lladdr 02:00:00:00:00:99 dev wt0
        ip route add 10.6.0.0/24 via 10.9.0.2''')
    lab_.weft('route', '--host', 'bar', 'add', '10.6.0.0/24', 'via', '10.9.0.9')
    lab_.weft('arp', '--host', 'bar', '-s', '10.9.0.9', '02:00:00:00:00:99')
    run('ping', '-c', '1', '-W', '0.3', '10.6.0.1', check=False)
    said = run('ip', 'route', 'get', '10.6.0.1').stdout
    assert 'via 10.9.0.9 ' in said and 'redirected' in said, said


@as_router
def weft_redirects_by_ipv6_and_the_kernel_follows(lab_, right):
    ours = re.search(r'fe80::[0-9a-f:]+', lab_.weft('ifconfig', '--host', 'bar', 'wt0').stdout)[0]
    run('sh', '-ec', f'''
        ip neigh add fe80::99 lladdr 02:00:00:00:00:99 dev wt0
        ip -6 route add fd06::/64 via {ours} dev wt0''')
    lab_.weft('route', '--host', 'bar', 'add', 'fd06::/64', 'via', 'fe80::99%wt0')
    lab_.weft('ndp', '--host', 'bar', '-s', 'fe80::99%wt0', '02:00:00:00:00:99')
    run('ping', '-c', '1', '-W', '0.3', 'fd06::1', check=False)
    said = run('ip', '-6', 'route', 'get', 'fd06::1').stdout
    assert 'via fe80::99 ' in said, said
    counters = json.loads(lab_.weft('netstat', '--host', 'bar', '-s', '--json').stdout)['counters']
    assert counters['nd_redirects_out'] == 1, counters


def kernel_redirects_and_weft_follows(lab_):
    """The kernel forwards to a gateway on our own link, and tells us."""
    run('sh', '-ec', '''
        sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.send_redirects=1 net.ipv4.conf.wt0.send_redirects=1
        ip neigh add 10.9.0.9 lladdr 02:00:00:00:00:99 dev wt0
        ip route add 10.6.0.0/24 via 10.9.0.9''')
    weft = lab_.weft
    weft('route', '--host', 'bar', 'add', 'default', 'via', lab.KERNEL)
    weft('route', '--host', 'bar', 'add', '192.0.2.0/24', 'via', '10.9.0.9')  # so that it is a gateway of ours
    weft('ping', '--host', 'bar', '-c', '1', '-W', '0.3', '10.6.0.1', check=False)
    assert weft('route', '--host', 'bar', 'get', '10.6.0.1').stdout == \
        f'10.6.0.1 via 10.9.0.9 dev wt0 src {lab.OURS} redirected\n'
    table = [line.split() for line in weft('route', '--host', 'bar', '-4').stdout.splitlines()]
    assert ['10.6.0.1', '10.9.0.9', '255.255.255.255', 'UGHD', '0', '0', '0', 'wt0'] in table, table


kernel_redirects_and_weft_follows.kinds = ('tap',)


def a_kernel_routes_between_two_hosts_of_weft(lab_):
    run('sh', '-ec', f'''
        sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv6.conf.default.accept_dad=0
        sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
        ip address add {LEFT6[0]}/64 dev wt0 nodad''')
    lab_.weft('route', '--host', 'bar', 'add', 'default', 'via', LEFT[0])
    lab_.weft('route', '--host', 'bar', 'add', '-6', 'default', 'via', LEFT6[0])
    lab_.weft('up', '--name', 'baz', '--if', 'tap:wt1', '--addr', f'{RIGHT[1]}/24', '--addr', f'{RIGHT6[1]}/64',
              '--sysctl', 'net.ipv6.conf.default.accept_dad=0', '--route', f'default via {RIGHT[0]}',
              '--route', f'::/0 via {RIGHT6[0]}')
    try:
        run('sh', '-ec', f'''
            ip address add {RIGHT[0]}/24 dev wt1
            ip address add {RIGHT6[0]}/64 dev wt1 nodad''')
        settled(lab_)
        lab_.weft('serve', '--host', 'baz', 'chargen:1900', 'echo')
        for target, router in ((RIGHT[1], LEFT[0]), (RIGHT6[1], LEFT6[0])):
            until(lambda: lab_.weft('ping', '--host', 'bar', '-c', '1', '-W', '0.3', target, check=False).returncode == 0,
                  'a way through')
            said = lab_.weft('traceroute', '--host', 'bar', '-n', '-q', '1', target).stdout.splitlines()
            assert [line.split()[1] for line in said[1:]] == [router, target], said
            text = 'x' * 200_000
            assert lab_.weft('nc', '--host', 'bar', '-N', target, '7', input=text).stdout == text
    finally:
        lab_.weft('down', 'baz')


a_kernel_routes_between_two_hosts_of_weft.kinds = ('tap',)
a_kernel_routes_between_two_hosts_of_weft.arguments = (
    '--addr', f'{LEFT6[1]}/64', '--sysctl', 'net.ipv6.conf.default.accept_dad=0')


if __name__ == '__main__':
    lab.main([
        weft_tells_who_asks_too_far,
        weft_tells_what_the_next_link_carries,
        bulk_tcp_goes_through_weft_whole,
        weft_redirects_and_the_kernel_follows,
        weft_redirects_by_ipv6_and_the_kernel_follows,
        kernel_redirects_and_weft_follows,
        a_kernel_routes_between_two_hosts_of_weft,
    ])
