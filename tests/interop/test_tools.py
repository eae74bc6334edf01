#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""route, ifconfig, traceroute and ping through a kernel that forwards: weft 10.9.0.2 - kernel 10.9.0.1 - far 10.8.0.2."""
import functools
import json
import os
import re
import subprocess

import lab
from lab import run, until

FAR, NEAR = '10.8.0.2', '10.8.0.1'
FAR6, NEAR6, KERNEL6, OURS6 = 'fd08::2', 'fd08::1', 'fd09::1', 'fd09::2'


class Far:
    """Another namespace behind the kernel, which forwards to it."""

    def __enter__(self):
        self.room = subprocess.Popen(['unshare', '--net', 'sleep', '1000'])
        until(lambda: os.readlink(f'/proc/{self.room.pid}/ns/net') != os.readlink('/proc/self/ns/net'), 'a namespace')
        pid = self.room.pid
        quick = 'net.ipv6.conf.default.accept_dad=0 net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0'
        self.inside('sysctl', '-qw', *quick.split())
        run('sh', '-ec', f'''
            sysctl -qw {quick} net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
            ip link add near type veth peer name far netns {pid}
            ip address add {NEAR}/24 dev near
            ip address add {NEAR6}/64 dev near nodad
            ip address add {KERNEL6}/64 dev wt0 nodad
            ip link set near up''')
        self.inside('sh', '-ec', f'''
            ip address add {FAR}/24 dev far
            ip address add {FAR6}/64 dev far nodad
            ip link set lo up
            ip link set far up
            ip route add default via {NEAR}
            ip -6 route add default via {NEAR6}''')
        for target in (FAR, FAR6):
            until(lambda: run('ping', '-c', '1', '-W', '0.2', target, check=False).returncode == 0, f'reaching {target}')
        return self

    def inside(self, *command, **options):
        return run('nsenter', '-t', str(self.room.pid), '-n', *command, **options)

    def __exit__(self, *_):
        self.room.kill()
        self.room.wait()
        run('ip', 'link', 'del', 'near', check=False)


def routed(test):
    """The test gets a Far beside its Lab, and weft a route each way."""
    def both(lab_):
        with Far() as far:
            lab_.weft('ifconfig', '--host', 'bar', 'wt0', 'add', f'{OURS6}/64')
            lab_.weft('route', '--host', 'bar', 'add', 'default', 'via', lab.KERNEL)
            lab_.weft('route', '--host', 'bar', 'add', '-6', 'default', 'via', KERNEL6)
            until(lambda: 'tentative' not in lab_.weft('ifconfig', '--host', 'bar', 'wt0').stdout, 'an address')
            test(lab_, far)

    both.__name__ = test.__name__
    both.kinds = ('tap',)
    both.arguments = ('--sysctl', 'net.ipv6.conf.default.accept_dad=0')
    return both


def hops(said):
    """The lines of traceroute -n, as lists of words without the times."""
    lines = said.splitlines()[1:]
    return [re.sub(r' +[0-9.]+ ms', '', line).split() for line in lines]


@routed
def traceroute_finds_the_kernel_and_the_host_behind_it(lab_, far):
    for target, first in ((FAR, lab.KERNEL), (FAR6, KERNEL6)):
        for how in ([], ['-I'], ['-T', '-p', '9']):
            said = lab_.weft('traceroute', '--host', 'bar', '-n', '-w', '2', *how, target).stdout
            assert re.match(rf'traceroute to {target} \({target}\), 30 hops max, (60|80) byte packets\n', said), said
            assert hops(said) == [['1', first], ['2', target]], (how, said)
            assert len(re.findall(r'  [0-9]+\.[0-9]{3} ms', said)) == 6, said


@routed
def traceroute_names_who_refuses(lab_, far):
    far.inside('ip', 'route', 'add', 'unreachable', '10.7.1.0/24')
    run('ip', 'route', 'add', 'unreachable', '10.7.0.0/24')
    run('ip', 'route', 'add', 'prohibit', '10.7.2.0/24')
    for target, mark in (('10.7.0.1', '!H'), ('10.7.2.1', '!X')):
        said = lab_.weft('traceroute', '--host', 'bar', '-n', '-q', '1', '-w', '4', target).stdout
        assert hops(said)[-1][-1] == mark, said


@routed
def traceroute_finds_a_small_mtu(lab_, far):
    run('ip', 'link', 'set', 'near', 'mtu', '1300')
    said = lab_.weft('traceroute', '--host', 'bar', '-n', '-F', '-q', '1', '-w', '2', FAR, '1400').stdout
    assert hops(said) == [['1', lab.KERNEL], ['2', lab.KERNEL, '!F-1300']] or \
        hops(said) == [['1', lab.KERNEL, '!F-1300']], said


@routed
def silence_is_stars_and_json_says_it_too(lab_, far):
    run('ip', 'route', 'add', 'blackhole', '10.7.3.0/24')
    said = lab_.weft('traceroute', '--host', 'bar', '-w', '0.2', '-m', '2', '10.7.3.1').stdout
    assert said.splitlines()[1:] == [' 1  * * *', ' 2  * * *'], said
    told = json.loads(lab_.weft('traceroute', '--host', 'bar', '--json', '-q', '2', FAR).stdout)
    assert [[p['from'] for p in h['probes']] for h in told['hops']] == [[lab.KERNEL] * 2, [FAR] * 2], told


@routed
def route_adds_and_deletes_what_ping_then_takes(lab_, far):
    weft = functools.partial(lab_.weft, 'route', '--host', 'bar')
    assert weft('get', FAR).stdout == f'{FAR} via {lab.KERNEL} dev wt0 src {lab.OURS}\n'
    assert weft('get', lab.KERNEL).stdout == f'{lab.KERNEL} dev wt0 src {lab.OURS}\n'
    assert weft('get', FAR6).stdout == f'{FAR6} via {KERNEL6} dev wt0 src {OURS6}\n'
    assert weft('get', lab.OURS).stdout == f'local {lab.OURS} dev lo src {lab.OURS}\n'
    table = weft('-4').stdout.splitlines()
    assert table[1].split() == ['Destination', 'Gateway', 'Genmask', 'Flags', 'Metric', 'Ref', 'Use', 'Iface']
    assert ['0.0.0.0', lab.KERNEL, '0.0.0.0', 'UG', '0', '0', '0', 'wt0'] in [line.split() for line in table]
    weft('del', 'default')
    assert weft('get', FAR, check=False).returncode == 1
    assert lab_.weft('ping', '--host', 'bar', '-c', '1', '-W', '0.2', FAR, check=False).returncode == 1
    weft('add', '10.8.0.0/24', 'gw', lab.KERNEL, 'metric', '7')
    assert lab_.weft('ping', '--host', 'bar', '-c', '1', FAR).returncode == 0
    again = weft('add', '10.8.0.0/24', 'via', lab.KERNEL, 'metric', '7', check=False)
    assert (again.returncode, again.stderr) == (1, 'weft route: that route is there already\n'), again
    bad = weft('add', '10.8.0.1/24', 'via', lab.KERNEL, check=False)
    assert bad.returncode == 2 and 'no route' in bad.stderr, bad
    assert [r['metric'] for r in json.loads(weft('--json').stdout) if r['destination'] == '10.8.0.0'] == [7]


def listed(said, mark):
    """The addresses that ping -R or -T lists behind its mark."""
    lines = said.split(mark)[1].splitlines()
    return [word for line in lines for word in line.split()[:1] if word.count('.') == 3]


@routed
def ping_records_the_route_and_the_times(lab_, far):
    way = [lab.OURS, NEAR, FAR, FAR, lab.KERNEL]
    said = lab_.weft('ping', '--host', 'bar', '-c', '2', '-i', '0.1', '-R', FAR).stdout
    assert f'PING {FAR} ({FAR}) 56(124) bytes of data.\n' in said, said
    assert listed(said, 'RR: ')[:5] == way and said.count('\t(same route)') == 1, said
    kernels = run('ping', '-n', '-c', '1', '-R', lab.OURS).stdout
    assert listed(kernels, 'RR: ') == [lab.KERNEL, lab.OURS, lab.KERNEL], kernels
    said = lab_.weft('ping', '--host', 'bar', '-c', '1', '-T', 'tsandaddr', FAR).stdout
    assert listed(said, 'TS: ')[:3] == [lab.OURS, lab.KERNEL, FAR], said
    assert ' absolute not-standard\n' in said, said
    kernels = run('ping', '-n', '-c', '1', '-T', 'tsonly', lab.OURS).stdout
    assert 'TS:' in kernels and '1 received' in kernels, kernels


@routed
def ping_takes_a_ttl_a_broadcast_and_large_sizes(lab_, far):
    weft = functools.partial(lab_.weft, 'ping', '--host', 'bar', '-c', '1', '-W', '0.5')
    assert weft('-t', '1', FAR, check=False).returncode == 1
    assert weft('-t', '2', FAR).returncode == 0
    assert weft('-s', '60000', FAR).stdout.startswith(f'PING {FAR} ({FAR}) 60000(60028) bytes of data.\n60008 bytes')
    assert weft('10.9.0.255', check=False).returncode == 1
    run('sysctl', '-qw', 'net.ipv4.icmp_echo_ignore_broadcasts=0')
    assert f'64 bytes from {lab.KERNEL}: icmp_seq=1' in weft('-b', '10.9.0.255').stdout
    told = json.loads(weft('--json', FAR6).stdout)
    assert told['received'] == 1 and told['replies'][0]['from'] == FAR6 and told['replies'][0]['ttl'] == 63, told


@routed
def traceroute_goes_by_way_of_a_router(lab_, far):
    lab_.weft('sysctl', '--host', 'bar', 'net.ipv4.conf.all.accept_source_route=1')  # for answers that come so
    for name in ('all', 'wt0', 'near'):
        run('sysctl', '-qw', f'net.ipv4.conf.{name}.accept_source_route=1')
    for name in ('all', 'far'):
        far.inside('sysctl', '-qw', f'net.ipv4.conf.{name}.accept_source_route=1')
    said = lab_.weft('traceroute', '--host', 'bar', '-n', '-q', '1', '-w', '1', '-g', lab.KERNEL, FAR).stdout
    assert hops(said) == [['1', lab.KERNEL], ['2', FAR]], said


@routed
def ifconfig_puts_down_and_up_and_readdresses(lab_, far):
    weft = functools.partial(lab_.weft, 'ifconfig', '--host', 'bar')
    said = weft('wt0').stdout
    assert re.match(r'wt0: flags=4163<UP,BROADCAST,RUNNING,MULTICAST>  mtu 1500\n', said), said
    assert f'        inet {lab.OURS}  netmask 255.255.255.0  broadcast 10.9.0.255\n' in said, said
    assert f'        inet6 {OURS6}  prefixlen 64  scopeid 0x0<global>\n' in said, said
    weft('wt0', 'down')
    assert 'wt0' not in weft().stdout and 'flags=4098<BROADCAST,MULTICAST>' in weft('-a').stdout
    assert run('ping', '-c', '1', '-W', '1', lab.OURS, check=False).returncode == 1
    weft('wt0', 'up')
    assert run('ping', '-c', '1', '-W', '5', lab.OURS).returncode == 0
    until(lambda: run('ping', '-c', '1', '-W', '1', OURS6, check=False).returncode == 0, 'IPv6 again')
    weft('wt0', 'mtu', '1400', '10.9.0.7/24')
    assert 'mtu 1400' in weft('wt0').stdout and 'inet 10.9.0.7 ' in weft('wt0').stdout
    assert run('ping', '-c', '1', '-W', '5', '10.9.0.7').returncode == 0
    assert weft('wt0', 'mtu', '9000', check=False).returncode == 1
    assert weft('wt1', 'up', check=False).returncode == 2


if __name__ == '__main__':
    lab.main([
        traceroute_finds_the_kernel_and_the_host_behind_it,
        traceroute_names_who_refuses,
        traceroute_finds_a_small_mtu,
        silence_is_stars_and_json_says_it_too,
        route_adds_and_deletes_what_ping_then_takes,
        ping_records_the_route_and_the_times,
        ping_takes_a_ttl_a_broadcast_and_large_sizes,
        traceroute_goes_by_way_of_a_router,
        ifconfig_puts_down_and_up_and_readdresses,
    ])
