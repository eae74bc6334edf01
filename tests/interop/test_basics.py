#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Everything below TCP against the kernel, both ways, on TAP and on TUN: ARP, ping, fragments, UDP, ICMP errors."""
import errno
import json
import re
import socket

import lab
from lab import KERNEL, OURS, run, until

SIZES = [0, 1, 55, 1471, 1472, 1473, 4000, 9000, 40000, 65507]  # of a UDP datagram; 1472 just fills one frame


def pattern(n):
    return bytes((i * 7 + i // 251) & 255 for i in range(n))


def kernel_pings_weft(lab_):
    lab.need('ping')
    for size in [0, 8, 56, 1472, 1473, 8000, 65507]:
        said = run('ping', '-c', '3', '-i', '0.01', '-W', '5', '-s', str(size), OURS).stdout
        assert ' 0% packet loss' in said, f'{size} bytes: {said}'


def kernel_floods_weft_with_pings(lab_):
    lab.need('ping')
    said = run('ping', '-f', '-c', '2000', OURS).stdout
    assert ' 0% packet loss' in said, said


def weft_pings_kernel(lab_):
    for size in [0, 56, 1472, 1473, 8000]:
        said = lab_.weft('ping', '--host', 'bar', '-c', '3', '-i', '0.01', '-s', str(size), KERNEL).stdout
        assert ' 0% packet loss' in said, f'{size} bytes: {said}'


def weft_hears_that_nobody_is_there(lab_):
    done = lab_.weft('ping', '--host', 'bar', '-c', '1', '-W', '1', '10.9.0.77', check=False)
    assert done.returncode == 1, f'status {done.returncode}: {done.stdout}{done.stderr}'
    assert '100% packet loss' in done.stdout, done.stdout


def weft_echoes_what_the_kernel_sends(lab_):
    lab_.weft('serve', '--host', 'bar', 'echo')
    s = lab_.udp()
    s.connect((OURS, 7))
    for size in SIZES:
        s.send(pattern(size))
        assert s.recv(65536) == pattern(size), f'{size} bytes came back changed'


def many_datagrams_come_back_in_order(lab_):
    lab_.weft('serve', '--host', 'bar', 'echo')
    s = lab_.udp()
    s.connect((OURS, 7))
    s.send(b'first')  # while the kernel still resolves our address, a later datagram of its own may overtake
    assert s.recv(100) == b'first'
    for i in range(0, 2000, 50):
        for k in range(50):
            s.send(b'%d' % (i + k))
        for k in range(50):
            assert s.recv(100) == b'%d' % (i + k)


def kernel_echoes_what_weft_sends(lab_):
    port = lab_.echo_udp()
    said = lab_.weft('nc', '--host', 'bar', '-u', '-w', '1', KERNEL, str(port), input='hello, kernel\n').stdout
    assert said == 'hello, kernel\n', repr(said)


def a_closed_port_of_weft_refuses(lab_):
    s = lab_.udp()
    s.connect((OURS, 4444))
    s.send(b'anyone?')
    try:
        s.recv(10)
        raise AssertionError('somebody answered')
    except ConnectionRefusedError:
        pass


def a_closed_port_of_the_kernel_refuses(lab_):
    done = lab_.weft('nc', '--host', 'bar', '-u', '-w', '5', KERNEL, '4444', input='anyone?\n', check=False)
    assert done.returncode != 0, f'status {done.returncode}: {done.stdout}{done.stderr}'
    assert 'refused' in done.stderr, done.stderr


def an_unknown_protocol_is_unreachable(lab_):
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 222)
    s.settimeout(lab.PATIENCE)
    s.setsockopt(socket.IPPROTO_IP, 11, 1)  # IP_RECVERR: hear of ICMP errors
    s.connect((OURS, 0))
    s.send(b'what is this')
    try:
        s.recv(10)
        raise AssertionError('somebody answered')
    except OSError as e:
        assert e.errno == errno.ENOPROTOOPT, e
    finally:
        s.close()


def each_learns_the_others_hardware_address(lab_):
    run('ping', '-c', '1', OURS)
    ours = re.search(r'lladdr (\S+) (REACHABLE|DELAY|STALE)', run('ip', 'neigh', 'show', OURS).stdout)
    assert ours and ours.group(1).startswith('02:'), run('ip', 'neigh', 'show', OURS).stdout
    kernels = json.loads(run('ip', '-json', 'link', 'show', 'wt0').stdout)[0]['address']
    listing = lab_.weft('arp', '--host', 'bar').stdout
    assert re.search(rf'^{re.escape(KERNEL)}\s.*{kernels}', listing, re.M), listing


each_learns_the_others_hardware_address.kinds = ['tap']  # TUN has none


def the_capture_shows_no_bad_packet(lab_):
    lab.need('tshark')
    lab_.weft('serve', '--host', 'bar', 'echo')
    s = lab_.udp()
    s.connect((OURS, 7))
    for size in SIZES:
        s.send(pattern(size))
        s.recv(65536)
    run('ping', '-c', '2', '-i', '0.01', '-s', '4000', OURS)
    pings = 'icmp.type == 0 && frame.packet_flags == 2'  # replies that went out
    read = ['tshark', '-r', lab_.capture, '-o', 'ip.check_checksum:TRUE']
    until(lambda: len(run(*read, '-Y', pings).stdout.splitlines()) == 2, 'two replies in the capture')
    bad = run(*read, '-Y', '_ws.malformed || ip.checksum.status == 0 || icmp.checksum.status == 0').stdout
    assert bad == '', bad
    comments = run(*read, '-T', 'fields', '-e', 'frame.comment', '-Y', 'frame.comment').stdout
    assert not re.search('checksum|malformed|short', comments), comments


def a_device_that_goes_away_is_survived(lab_):
    run('ip', 'link', 'delete', lab_.device)
    until(lambda: lab_.device not in lab_.weft('netstat', '--host', 'bar', '-i').stdout, 'the interface going away')


def a_device_that_is_down_is_survived(lab_):
    run('ip', 'link', 'set', lab_.device, 'down')
    lab_.weft('ping', '--host', 'bar', '-c', '1', '-W', '0.2', KERNEL, check=False)
    run('ip', 'link', 'set', lab_.device, 'up')
    run('ip', 'address', 'replace', f'{KERNEL}/24', 'dev', lab_.device)
    assert ' 0% packet loss' in lab_.weft('ping', '--host', 'bar', '-c', '1', KERNEL).stdout


# ---- what is wrong is said in one line, with status 2 ----

def complaint(lab_, *arguments):
    done = lab_.weft(*arguments, check=False)
    assert done.returncode == 2, f'status {done.returncode}: {done.stdout}{done.stderr}'
    assert done.stdout == '' and len(done.stderr.splitlines()) == 1, f'{done.stdout}{done.stderr}'
    return done.stderr


def a_device_in_use_is_one_line(lab_):
    said = complaint(lab_, 'up', '--name', 'two', '--if', f'{lab_.kind}:wt0', '--addr', '10.9.0.3/24')
    assert f'{lab_.kind} wt0 is in use by another process' in said, said


def a_device_of_another_kind_is_one_line(lab_):
    other = 'tun' if lab_.kind == 'tap' else 'tap'
    run('ip', 'tuntap', 'add', 'dev', 'wt7', 'mode', other)
    said = complaint(lab_, 'up', '--name', 'two', '--if', f'{lab_.kind}:wt7', '--addr', '10.9.0.3/24')
    run('ip', 'link', 'delete', 'wt7')
    assert f'wt7 exists and is not a {lab_.kind} device' in said, said
    said = complaint(lab_, 'up', '--name', 'two', '--if', f'{lab_.kind}:lo', '--addr', '10.9.0.3/24')
    assert 'lo' in said, said


def a_long_device_name_is_one_line(lab_):
    said = complaint(lab_, 'up', '--name', 'two', '--if', f'{lab_.kind}:a234567890123456', '--addr', '10.9.0.3/24')
    assert 'a234567890123456' in said, said


def a_taken_name_is_one_line(lab_):
    said = complaint(lab_, 'up', '--name', 'bar', '--if', f'{lab_.kind}:wt1', '--addr', '10.9.0.3/24')
    assert 'bar' in said, said
    assert not lab.device_exists('wt1'), 'the device was made although the name was taken'


def a_host_that_is_not_there_is_one_line(lab_):
    assert 'foo' in complaint(lab_, 'netstat', '--host', 'foo')


def a_host_that_was_killed_leaves_its_name_free(lab_):
    lab_.kill()
    until(lambda: not lab.device_exists('wt0'), 'the end of the device with its host')
    assert 'bar' in complaint(lab_, 'netstat', '--host', 'bar')
    lab_.up()


if __name__ == '__main__':
    lab.main([
        kernel_pings_weft,
        kernel_floods_weft_with_pings,
        weft_pings_kernel,
        weft_hears_that_nobody_is_there,
        weft_echoes_what_the_kernel_sends,
        many_datagrams_come_back_in_order,
        kernel_echoes_what_weft_sends,
        a_closed_port_of_weft_refuses,
        a_closed_port_of_the_kernel_refuses,
        an_unknown_protocol_is_unreachable,
        each_learns_the_others_hardware_address,
        the_capture_shows_no_bad_packet,
        a_device_that_goes_away_is_survived,
        a_device_that_is_down_is_survived,
        a_device_in_use_is_one_line,
        a_device_of_another_kind_is_one_line,
        a_long_device_name_is_one_line,
        a_taken_name_is_one_line,
        a_host_that_is_not_there_is_one_line,
        a_host_that_was_killed_leaves_its_name_free,
    ])
