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
def traceroute_probes_from_where_it_is_told(lab_, far):
    lab_.weft('ifconfig', '--host', 'bar', 'wt0', 'add', '10.9.0.7/24')
    weft = functools.partial(lab_.weft, 'traceroute', '--host', 'bar', '-n', '-q', '1', '-w', '1', '-m', '2', '-i', 'wt0')
    ways = ['-U'], ['-I'], ['-T', '-p', '9']
    for how in ways:
        assert hops(weft('-s', '10.9.0.7', *how, FAR).stdout) == [['1', lab.KERNEL], ['2', FAR]], how
    run('ip', 'route', 'add', 'blackhole', '10.9.0.7/32')  # now nobody can answer that address
    for how in ways:
        assert hops(weft('-s', '10.9.0.7', *how, FAR).stdout) == [['1', '*'], ['2', '*']], how
        assert hops(weft(*how, FAR).stdout) == [['1', lab.KERNEL], ['2', FAR]], how
    run('ip', 'route', 'del', 'blackhole', '10.9.0.7/32')
    assert 'IPv4' in lab_.weft('traceroute', '--host', 'bar', '-s', '10.9.0.7', FAR6, check=False).stderr
    assert lab_.weft('traceroute', '--host', 'bar', '-i', 'nix0', FAR, check=False).returncode == 1


@routed
def netstat_chooses_a_family(lab_, far):
    netstat = functools.partial(lab_.weft, 'netstat', '--host', 'bar')
    lab_.weft('serve', '--host', 'bar', 'echo')
    assert 'fd09::' not in netstat('-r4').stdout and 'Genmask' in netstat('-r4').stdout
    assert 'fd09::' in netstat('-r6').stdout and 'Genmask' not in netstat('-r6').stdout
    both, six = netstat('-lntW').stdout, netstat('-lnt6').stdout
    assert 'tcp6 ' in six and 'tcp6 ' not in netstat('-lnt4').stdout and six.splitlines()[2] in both, (both, six)
    assert netstat('-lnw').stdout.count('\n') == 2


@routed
def traceroute_names_who_refuses(lab_, far):
    far.inside('ip', 'route', 'add', 'unreachable', '10.7.1.0/24')
    run('ip', 'route', 'add', 'unreachable', '10.7.0.0/24')
    run('ip', 'route', 'add', 'prohibit', '10.7.2.0/24')
    for target, mark, words in (('10.7.0.1', '!H', 'Destination Host Unreachable'), ('10.7.2.1', '!X', 'Packet filtered')):
        complaint = f'From {lab.KERNEL} icmp_seq=1 {words}\n'
        ping = functools.partial(lab_.weft, 'ping', '--host', 'bar', '-c', '1', '-W', '1', target, check=False)
        until(lambda: complaint in ping().stdout, complaint)  # the kernel complains of a route once a second
        said = lab_.weft('traceroute', '--host', 'bar', '-n', '-q', '1', '-w', '4', target).stdout
        assert hops(said)[-1][-1] == mark, said


@routed
def traceroute_finds_a_small_mtu(lab_, far):
    run('ip', 'link', 'set', 'near', 'mtu', '1300')
    said = lab_.weft('traceroute', '--host', 'bar', '-n', '-F', '-q', '1', '-w', '2', FAR, '1400').stdout
    assert hops(said) == [['1', lab.KERNEL], ['2', lab.KERNEL, '!F-1300']] or \
        hops(said) == [['1', lab.KERNEL, '!F-1300']], said
    said = lab_.weft('ping', '--host', 'bar', '-c', '2', '-i', '0.1', '-M', 'probe', '-s', '1372', FAR, check=False).stdout
    assert said.count('Frag needed and DF set (mtu = 1300)') == 2, said


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
    assert lab_.weft('ping', '--host', 'bar', '-c', '1', '-W', '0.2', FAR, check=False).returncode == 2
    weft('add', '10.8.0.0/24', 'gw', lab.KERNEL, 'metric', '7')
    assert lab_.weft('ping', '--host', 'bar', '-c', '1', FAR).returncode == 0
    again = weft('add', '10.8.0.0/24', 'via', lab.KERNEL, 'metric', '7', check=False)
    assert (again.returncode, again.stderr) == (1, 'weft route: that route is there already\n'), again
    bad = weft('add', '10.8.0.1/24', 'via', lab.KERNEL, check=False)
    assert bad.returncode == 2 and 'no route' in bad.stderr, bad
    assert [r['metric'] for r in json.loads(weft('--json').stdout) if r['destination'] == '10.8.0.0'] == [7]


@routed
def a_gateway_that_is_dead_is_left_for_another(lab_, far):
    """R1122-3.3.1.4: the better gateway of two, 10.9.0.9, is nobody; then the kernel has that address, too."""
    weft = functools.partial(lab_.weft, 'route', '--host', 'bar')
    weft('del', 'default')
    weft('add', 'default', 'via', '10.9.0.9', 'metric', '1')
    weft('add', 'default', 'via', lab.KERNEL, 'metric', '2')
    assert f'{FAR} via 10.9.0.9 ' in weft('get', FAR).stdout
    ping = functools.partial(lab_.weft, 'ping', '--host', 'bar', '-c', '1', '-W', '1', check=False)
    until(lambda: ping(FAR).returncode == 0, 'an answer by the other gateway')
    assert f'{FAR} via {lab.KERNEL} ' in weft('get', FAR).stdout
    run('ip', 'address', 'add', '10.9.0.9/24', 'dev', 'wt0')
    until(lambda: ping('10.9.0.9').returncode == 0, 'an answer of the gateway')
    assert f'{FAR} via 10.9.0.9 ' in weft('get', FAR).stdout
    assert ping(FAR).returncode == 0


@routed
def tables_read_as_the_originals_do(lab_, far):
    lab.need('arp')

    def weft(command, *words):
        return lab_.weft(command, '--host', 'bar', *words)

    for words in (['-net', '10.20.0.0/16', 'gw', '10.9.0.7'], ['-host', '10.22.0.1', 'gw', '10.9.0.7'],
                  ['-net', '10.21.0.0', 'netmask', '255.255.0.0', 'gw', '10.9.0.7', 'metric', '5'],
                  ['-net', '10.23.0.0/16', 'dev', 'wt0']):
        run('route', 'add', *words)
        weft('route', 'add', *words)
    run('route', '-A', 'inet6', 'add', 'fd20::/64', 'gw', 'fd09::7')
    weft('route', '-A', 'inet6', 'add', 'fd20::/64', 'gw', 'fd09::7')
    both = [{line for line in said.splitlines() if line.startswith(('10.2', 'Destination'))}
            for said in (run('route', '-n').stdout, weft('route', '-4').stdout)]
    assert both[0] == both[1] and len(both[1]) == 5, both
    assert re.search(r'^fd20::/64 +fd09::7 +UG ', weft('route', '-A', 'inet6').stdout, re.M)
    weft('route', 'del', '-net', '10.23.0.0', 'netmask', '255.255.0.0')
    run('arp', '-s', '10.9.0.50', '02:00:00:00:00:50')
    weft('arp', '-s', '10.9.0.50', '02:00:00:00:00:50')
    for options in (['-n', '10.9.0.50'], ['-an', '10.9.0.50'], ['-n', '10.9.0.55'], ['-n']):
        both = [{line for line in said.splitlines() if '10.9.0.5' in line or line.startswith('Address')}
                for said in (run('arp', *options).stdout, weft('arp', *options).stdout)]
        assert both[0] == both[1] and both[1], both
    lines = weft('ifconfig', '-s').stdout.splitlines()
    kernels = next(line for line in run('ifconfig', '-s').stdout.splitlines() if line.startswith('wt0'))
    ours = next(line for line in lines if line.startswith('wt0'))
    assert re.sub(r' +[0-9]+', ' N', ours) == re.sub(r' +[0-9]+', ' N', kernels), (ours, kernels)
    for words in (['prefix', '2001:db8:7::/48', 'label', '77'], ['prefix', 'fd77::/16', 'label', '78']):
        run('ip', 'addrlabel', 'add', *words)
        weft('addrlabel', 'add', *words, 'precedence', '50')
    both = [{line.split(' precedence')[0].strip() for line in said.splitlines() if re.search('label 7[78]', line)}
            for said in (run('ip', 'addrlabel').stdout, weft('addrlabel').stdout)]
    assert both[0] == both[1] and len(both[1]) == 2, both
    assert {'prefix': '2001:db8:7::/48', 'label': 77, 'precedence': 50} in json.loads(weft('addrlabel', '--json').stdout)
    weft('addrlabel', 'del', 'prefix', 'fd77::/16')
    assert 'label 78' not in weft('addrlabel', 'list').stdout
    weft('ifconfig', 'wt0', '10.9.0.3', 'netmask', '255.255.255.0')
    assert 'inet 10.9.0.3  netmask 255.255.255.0  broadcast 10.9.0.255\n' in weft('ifconfig', 'wt0').stdout


@routed
def tables_are_told_as_json_too(lab_, far):
    def told(command, *words):
        return json.loads(lab_.weft(command, '--host', 'bar', '--json', *words).stdout)

    run('ping', '-c', '1', lab.OURS)
    run('ping', '-c', '1', OURS6)
    lab_.weft('route', '--host', 'bar', 'add', '10.21.0.0/16', 'via', '10.9.0.7', 'metric', '5')
    route = next(r for r in told('route') if r['destination'].startswith('10.21.0.0'))
    assert (route['gateway'], route['metric'], route['flags']) == ('10.9.0.7', 5, 'UG'), route
    assert any(lab.OURS in json.dumps(i) and OURS6 in json.dumps(i) for i in told('ifconfig')), told('ifconfig')
    for command, address in (('arp', lab.KERNEL), ('ndp', KERNEL6)):
        mac = json.loads(run('ip', '-json', 'link', 'show', 'dev', 'wt0').stdout)[0]['address']
        assert any(mac in json.dumps(n) and address in json.dumps(n) for n in told(command)), told(command)


@routed
def a_label_decides_which_source_is_taken(lab_, far):
    """RFC 6724: of two addresses that of the destination's label, and mistakes told in one line."""
    def weft(*words, **options):
        return lab_.weft('addrlabel', '--host', 'bar', *words, **options)

    lab_.weft('ifconfig', '--host', 'bar', 'wt0', 'add', 'fd09:0:0:1::2/64')
    until(lambda: 'tentative' not in lab_.weft('ifconfig', '--host', 'bar', 'wt0').stdout, 'an address')
    source = lambda: lab_.weft('route', '--host', 'bar', 'get', FAR6).stdout.split(' src ')[1].split()[0]
    assert source() == OURS6
    weft('add', 'prefix', 'fd08::/64', 'label', '99')
    weft('add', 'prefix', 'fd09:0:0:1::/64', 'label', '99')
    assert source() == 'fd09:0:0:1::2'
    weft('del', 'prefix', 'fd08::/64')
    assert source() == OURS6
    for words, status, said in [(['add', 'prefix', 'fd08::/64'], 2, "needs 'label N'"), (['add'], 2, "needs 'prefix PREFIX'"),
                                (['add', 'prefix', 'fd08::1/64', 'label', '1'], 2, 'bits beyond its length'),
                                (['add', 'prefix', 'fd08::/200', 'label', '1'], 2, 'bad prefix'), (['sub'], 2, "'sub'"),
                                (['add', 'prefix', 'fd08::/64', 'label', 'x'], 2, 'bad label'), (['del', 'prefix', '::/0'], 2, '::/0'),
                                (['add', 'prefix'], 2, 'prefix needs a value'), (['list', 'x'], 2, 'unexpected argument'),
                                (['del', 'prefix', 'fd08::/64'], 1, 'no such prefix')]:
        done = weft(*words, check=False)
        assert (done.returncode, done.stderr.count('\n')) == (status, 1) and said in done.stderr, (words, done)


@routed
def a_file_has_the_packets_that_a_filter_chose(lab_, far):
    file = os.path.join(lab_.directory, 'some.pcapng')
    with subprocess.Popen([lab.WEFT, 'capture', '--host', 'bar', '-c', '2', '-w', file, 'icmp[8] = 0x77'],
                          env=lab_.environment, stderr=subprocess.DEVNULL) as capture:
        def go():
            run('ping', '-c', '1', '-p', '66', '-s', '4', lab.OURS)
            run('ping', '-c', '1', '-p', '77', '-s', '4', lab.OURS)
            return capture.poll() is not None

        until(go, 'two packets in the file')
    said = run('tcpdump', '-nxr', file).stdout
    assert said.count('ICMP echo') >= 2 and said.count('0001 7700') == said.count('ICMP echo'), said


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
    for target, words in ((FAR, f'From {lab.KERNEL} icmp_seq=1 Time to live exceeded\n'),
                          (FAR6, f'From {KERNEL6} icmp_seq=1 Time exceeded: Hop limit\n')):
        done = weft('-t', '1', target, check=False)
        assert done.returncode == 1 and words in done.stdout, done
    assert weft('-t', '2', FAR).returncode == 0
    assert weft('-s', '60000', FAR).stdout.startswith(f'PING {FAR} ({FAR}) 60000(60028) bytes of data.\n60008 bytes')
    bad = weft('10.9.0.255', check=False)
    assert (bad.returncode, bad.stderr) == (2, 'weft ping: 10.9.0.255 is an address of broadcast: -b asks everybody there\n')
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
    lab.need('traceroute')
    # Debian's takes no answer about what went to the first hop of a route for its own, but the end it finds.
    said = far.inside('traceroute', '-n', '-q', '1', '-f', '2', '-I', '-g', NEAR, lab.OURS).stdout
    assert hops(said) == [['2', lab.OURS]], said


def without_times(said):
    return re.sub(r'[0-9.]+ ms', 'T ms', said)


@routed
def traceroute_reads_as_debians(lab_, far):
    """From either side to the other, which is as far away: the words are the same but for the addresses."""
    lab.need('traceroute')
    for limit in 'net.ipv4.icmp_ratelimit=0', 'net.ipv6.icmp.ratelimit=0':  # one tool would use up the other one's errors
        lab_.weft('sysctl', '--host', 'bar', limit)
    mirror = {lab.OURS: FAR, NEAR: lab.KERNEL, OURS6: FAR6, NEAR6: KERNEL6}
    for target, back in (FAR, lab.OURS), (FAR6, OURS6):
        for how in ([], ['-I'], ['-T', '-p', '9'], ['-q', '1', '-m', '1'], ['-q', '2', '-f', '2'], ['-F']):
            ours = lab_.weft('traceroute', '--host', 'bar', '-n', *how, target).stdout
            theirs = far.inside('traceroute', '-N', '3', '-w', '5,0,0', '-n', *how, back).stdout
            for address, same in mirror.items():
                theirs = theirs.replace(address, same)
            assert without_times(ours) == without_times(theirs), (how, ours, theirs)


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
        traceroute_probes_from_where_it_is_told,
        netstat_chooses_a_family,
        route_adds_and_deletes_what_ping_then_takes,
        a_gateway_that_is_dead_is_left_for_another,
        tables_read_as_the_originals_do,
        tables_are_told_as_json_too,
        a_label_decides_which_source_is_taken,
        a_file_has_the_packets_that_a_filter_chose,
        ping_records_the_route_and_the_times,
        ping_takes_a_ttl_a_broadcast_and_large_sizes,
        traceroute_goes_by_way_of_a_router,
        traceroute_reads_as_debians,
        ifconfig_puts_down_and_up_and_readdresses,
    ])
