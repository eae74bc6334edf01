#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""IPv6 against the kernel: neighbours, ping, fragments, TCP and UDP both ways, path MTU, duplicates, routers."""
import json
import os
import re
import socket
import subprocess
import threading
import time

import lab
from lab import run, until

KERNEL6, OURS6 = 'fd09::1', 'fd09::2'


def pattern(n):
    return bytes((i * 7 + i // 251) & 255 for i in range(n))


def kernel_address():
    run('ip', 'address', 'add', f'{KERNEL6}/64', 'dev', 'wt0', 'nodad')


def kernel_link_local():
    """The kernel's link-local address, once it may be used."""
    def look():
        said = json.loads(run('ip', '-json', '-6', 'address', 'show', 'dev', 'wt0').stdout)
        return [a['local'] for a in said[0]['addr_info'] if a.get('scope') == 'link' and not a.get('tentative')]

    until(look, "the kernel's link-local address")
    return look()[0]


def addresses(lab_, name='wt0'):
    """Our addresses with their prefixes and states."""
    said = json.loads(lab_.weft('netstat', '--host', 'bar', '-i', '--json').stdout)
    mine = [i for i in said['interfaces'] if i['name'] == name][0]
    return dict(zip(mine['addresses'], mine['address_states']))


def udp6(port=0):
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.settimeout(lab.PATIENCE)
    s.bind((KERNEL6, port))
    return s


def serve_tcp(answer):
    """A kernel listener that serves one connection with answer(connection); returns its port."""
    s = socket.socket(socket.AF_INET6)
    s.bind((KERNEL6, 0))
    s.listen()
    s.settimeout(lab.PATIENCE)

    def serve():
        connection, _ = s.accept()
        with connection:
            answer(connection)
        s.close()

    threading.Thread(target=serve, daemon=True).start()
    return s.getsockname()[1]


def each_pings_the_other(lab_):
    lab.need('ping')
    kernel_address()
    for size in ['56', '1452', '1453', '4000']:
        said = run('ping', '-c', '3', '-i', '0.01', '-W', '5', '-s', size, OURS6).stdout
        assert ' 0% packet loss' in said, f'{size} bytes: {said}'
        said = lab_.weft('ping', '--host', 'bar', '-c', '3', '-i', '0.01', '-s', size, KERNEL6).stdout
        assert ' 0% packet loss' in said and 'icmp_seq=3 ttl=64' in said, f'{size} bytes: {said}'


def link_local_addresses_have_zones(lab_):
    theirs = kernel_link_local()
    until(lambda: 'preferred' in [s for a, s in addresses(lab_).items() if a.startswith('fe80')], 'our own')
    said = lab_.weft('ping', '--host', 'bar', '-c', '1', f'{theirs}%wt0').stdout
    assert f'from {theirs}%wt0: icmp_seq=1' in said, said
    ours = [a.split('%')[0] for a in addresses(lab_) if a.startswith('fe80')][0]
    assert ' 0% packet loss' in run('ping', '-c', '1', f'{ours}%wt0').stdout
    done = lab_.weft('ping', '--host', 'bar', '-c', '1', f'{theirs}%wt9', check=False)
    assert done.returncode == 2 and 'no interface wt9' in done.stderr, done.stderr


def datagrams_go_both_ways(lab_):
    kernel_address()
    lab_.weft('serve', '--host', 'bar', 'echo')
    with udp6() as s:
        s.connect((OURS6, 7))
        for size in [0, 1, 1452, 1453, 9000, 65527]:
            s.send(pattern(size))
            assert s.recv(70000) == pattern(size), f'{size} bytes came back changed'
    with udp6() as s:
        def echo():
            data, peer = s.recvfrom(65536)
            s.sendto(data, peer)

        threading.Thread(target=echo, daemon=True).start()
        said = lab_.weft('nc', '--host', 'bar', '-u', '-w', '1', KERNEL6, str(s.getsockname()[1]), input='hello\n')
        assert said.stdout == 'hello\n', repr(said.stdout)


def tcp_goes_both_ways(lab_):
    kernel_address()
    lab_.weft('serve', '--host', 'bar', 'echo', 'http')
    sent, back = pattern(3_000_000), bytearray()
    with socket.create_connection((OURS6, 7), timeout=lab.PATIENCE) as s:
        threading.Thread(target=lambda: (s.sendall(sent), s.shutdown(socket.SHUT_WR)), daemon=True).start()
        while piece := s.recv(1 << 20):
            back += piece
    assert bytes(back) == sent
    got = []

    def answer(connection):
        text = b''
        while piece := connection.recv(65536):
            text += piece
        got.append(text)
        connection.sendall(b'thank you')

    port = serve_tcp(answer)
    said = lab_.weft('nc', '--host', 'bar', KERNEL6, str(port), input='x' * 100_000)
    assert said.stdout == 'thank you' and len(got[0]) == 100_000


def services_speak_both_families(lab_):
    kernel_address()
    lab_.weft('serve', '--host', 'bar', 'echo')
    for address in OURS6, lab.OURS:
        with socket.create_connection((address, 7), timeout=lab.PATIENCE) as s:
            s.sendall(b'hello')
            assert s.recv(10) == b'hello'
            s.shutdown(socket.SHUT_WR)
            assert s.recv(10) == b''


def neighbours_are_shown_fixed_and_forgotten(lab_):
    kernel_address()
    theirs = json.loads(run('ip', '-json', 'link', 'show', 'wt0').stdout)[0]['address']
    ndp = lambda *words: lab_.weft('ndp', '--host', 'bar', *words).stdout
    lab_.weft('ping', '--host', 'bar', '-c', '1', KERNEL6)
    assert f'{KERNEL6} dev wt0 lladdr {theirs} REACHABLE' in ndp(), ndp()
    assert re.search(rf'^{KERNEL6} +{theirs} +wt0 +\d+s +R$', ndp('-a'), re.M), ndp('-a')
    ndp('-d', KERNEL6)
    assert KERNEL6 + ' ' not in ndp(), ndp()
    ndp('-s', KERNEL6, '02:00:00:00:00:99')
    assert f'{KERNEL6} dev wt0 lladdr 02:00:00:00:00:99 PERMANENT' in ndp(), ndp()
    run('ping', '-c', '1', '-W', '1', OURS6, check=False)  # their solicitation says otherwise, and is not believed
    assert json.loads(ndp('--json', KERNEL6)) [0]['mac'] == '02:00:00:00:00:99'
    ndp('-d', KERNEL6)
    assert ' 0% packet loss' in lab_.weft('ping', '--host', 'bar', '-c', '1', KERNEL6).stdout
    done = lab_.weft('ndp', '--host', 'bar', '-s', KERNEL6, 'ff:ff:ff:ff:ff:ff', check=False)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1, done.stderr


def a_neighbour_that_leaves_is_given_up(lab_):
    kernel_address()
    lab_.weft('ping', '--host', 'bar', '-c', '1', KERNEL6)
    run('ip', 'link', 'set', 'wt0', 'arp', 'off')  # it answers no solicitation any more
    lab_.weft('ndp', '--host', 'bar', '-d', KERNEL6)
    done = lab_.weft('ping', '--host', 'bar', '-c', '1', '-W', '4', KERNEL6, check=False)
    assert done.returncode == 1 and 'Address unreachable' in done.stdout, done.stdout
    assert f'{KERNEL6} dev wt0 FAILED' in lab_.weft('ndp', '--host', 'bar').stdout


class Router:
    """The kernel as a router: behind it, in a namespace, a host fd08::2 over a link with an MTU of 1400."""

    def __enter__(self):
        self.far = subprocess.Popen(['unshare', '--net', 'sleep', '60'])
        run('sysctl', '-qw', 'net.ipv6.conf.all.forwarding=1')
        run('ip', 'link', 'add', 'near', 'mtu', '1400', 'type', 'veth', 'peer', 'name', 'far', 'mtu', '1400')
        until(lambda: self.moved(), 'a second namespace')
        run('ip', 'address', 'add', 'fd08::1/64', 'dev', 'near', 'nodad')
        run('ip', 'link', 'set', 'near', 'up')
        self.there('ip', 'link', 'set', 'lo', 'up')
        self.there('ip', 'address', 'add', 'fd08::2/64', 'dev', 'far', 'nodad')
        self.there('ip', 'link', 'set', 'far', 'up')
        self.there('ip', 'route', 'add', 'default', 'via', 'fd08::1')
        return self

    def moved(self):
        return run('ip', 'link', 'set', 'far', 'netns', str(self.far.pid), check=False).returncode == 0 and \
            os.readlink(f'/proc/{self.far.pid}/ns/net') != os.readlink('/proc/self/ns/net')

    def there(self, *command):
        return run('nsenter', '-t', str(self.far.pid), '-n', *command)

    def __exit__(self, *_):
        self.far.kill()
        self.far.wait()


def large_packets_learn_the_path(lab_):
    kernel_address()
    lab_.weft('serve', '--host', 'bar', 'chargen', 'echo')
    with Router() as router:
        said = lab_.weft('ping', '--host', 'bar', '-c', '10', '-i', '0.1', '-s', '1452', 'fd08::2', check=False).stdout
        assert '10 packets' in said and ' 0 received' not in said, said  # the first one is told: packet too big
        # A window of TCP segments that are too large at first.
        fetched = router.there('timeout', '5', 'sh', '-c', f'nc {OURS6} 19 </dev/null | head -c 300000 | wc -c')
        assert fetched.stdout.strip() == '300000', fetched.stdout


large_packets_learn_the_path.arguments = ('--addr', f'{OURS6}/64', '--route', f'default via {KERNEL6}', '--sysctl',
                                          'net.ipv6.conf.default.accept_dad=0')

RADVD = """interface wt0 {
  AdvSendAdvert on;
    AdvLinkMTU 1400; MinRtrAdvInterval 3; MaxRtrAdvInterval 4; AdvDefaultLifetime 60;
  prefix fd05::/64 { AdvValidLifetime 600; AdvPreferredLifetime 300; };
  RDNSS fd05::53 { AdvRDNSSLifetime 30; };
  DNSSL example.net { AdvDNSSLLifetime 30; };
};
"""


def a_router_that_advertises_is_obeyed(lab_):
    lab.need('radvd')
    config = os.path.join(lab_.directory, 'radvd.conf')
    with open(config, 'w', encoding='ascii') as f:
        f.write(RADVD)
    with Router():
        run('ip', 'address', 'add', 'fd05::1/64', 'dev', 'wt0', 'nodad')
        router = kernel_link_local()
        radvd = subprocess.Popen(['radvd', '-n', '-C', config, '-p', os.path.join(lab_.directory, 'radvd.pid'), '-m',
                                  'stderr'], stderr=subprocess.DEVNULL)
        try:
            ours = lambda: [a for a, state in addresses(lab_).items() if a.startswith('fd05') and state == 'preferred']
            until(ours, 'an address out of the prefix')
            ours = ours()[0].split('/')[0]
            assert ' 0% packet loss' in run('ping', '-c', '1', ours).stdout
            # A default route through the router, to a network behind it.
            assert ' 0% packet loss' in lab_.weft('ping', '--host', 'bar', '-c', '1', 'fd08::2').stdout
            # The link carries what the router says.
            done = lab_.weft('ping', '--host', 'bar', '-c', '1', '-M', 'do', '-s', '1353', 'fd05::1', check=False)
            assert done.returncode == 1 and 'message too long, mtu=1400' in done.stderr, done
            assert f'{router}%wt0 if=wt0' in lab_.weft('ndp', '--host', 'bar', '-r').stdout
            names = lab_.weft('ndp', '--host', 'bar', '--dns').stdout
            assert 'nameserver fd05::53 dev wt0' in names and 'search example.net dev wt0' in names, names
            assert 'router' in lab_.weft('ndp', '--host', 'bar', f'{router}%wt0').stdout
        finally:
            radvd.terminate()
            radvd.wait()
        # It said goodbye (RFC 4861 section 6.2.5): a lifetime of zero.
        until(lambda: router not in lab_.weft('ndp', '--host', 'bar', '-r').stdout, 'the end of the default route')


def an_address_that_somebody_has_is_refused(lab_):
    kernel_address()
    time.sleep(0.1)
    run('ip', 'tuntap', 'add', 'dev', 'wt7', 'mode', 'tap')
    run('ip', 'address', 'add', 'fd07::2/64', 'dev', 'wt7', 'nodad')
    for _ in range(4):  # in the first second of a carrier the kernel may hear nothing, and then cannot object
        done = lab_.weft('up', '--name', 'two', '--if', 'tap:wt7', '--addr', 'fd07::2/64', check=False)
        if done.returncode:
            break
        lab_.weft('down', 'two')
        time.sleep(0.2)
    run('ip', 'link', 'delete', 'wt7')
    assert done.returncode == 1 and 'another station has fd07::2' in done.stderr, f'{done.returncode}: {done.stderr}'


for test in (neighbours_are_shown_fixed_and_forgotten, a_neighbour_that_leaves_is_given_up,
             each_pings_the_other, datagrams_go_both_ways, tcp_goes_both_ways, services_speak_both_families):
    test.arguments = ('--addr', f'{OURS6}/64', '--sysctl', 'net.ipv6.conf.default.accept_dad=0')


if __name__ == '__main__':
    lab.main([
        each_pings_the_other,
        link_local_addresses_have_zones,
        datagrams_go_both_ways,
        tcp_goes_both_ways,
        services_speak_both_families,
        an_address_that_somebody_has_is_refused,
        neighbours_are_shown_fixed_and_forgotten,
        a_neighbour_that_leaves_is_given_up,
        large_packets_learn_the_path,
        a_router_that_advertises_is_obeyed,
    ], kinds=('tap',))
