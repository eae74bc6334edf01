#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""weft ping beside Debian's: each asks the other's stack with the same arguments, and says the same."""
import json
import re
import socket
import struct
import subprocess
import threading

import lab
from lab import KERNEL, OURS, run, until

KERNEL6, OURS6 = 'fd09::1', 'fd09::2'
IGNORE = '/proc/sys/net/ipv4/icmp_echo_ignore_all'
NAMES = {KERNEL: 'PEER', OURS: 'PEER', KERNEL6: 'PEER6', OURS6: 'PEER6'}


def plain(said):
    """Without what differs by nature: which of the two addresses, times, and what follows from these."""
    for address, name in sorted(NAMES.items(), key=len, reverse=True):
        said = re.sub(rf'(?<![0-9a-f:.]){re.escape(address)}(?![0-9.])', name, said)
    said = re.sub(r'time=[0-9.]+ ms', 'time=T ms', said)
    said = re.sub(r'time [0-9]+ms', 'time Tms', said)
    said = re.sub(r'(ipg/ewma|mdev =) [0-9./]+ ms', r'\1 T ms', said)
    said = re.sub(r'T ms, pipe [0-9]+', 'T ms', said)
    said = re.sub(r'^[. \x08]*\x08$', 'DOTS', said, flags=re.M)
    return re.sub(r'^\[[0-9]{10}\.[0-9]{6}\]', '[T]', said, flags=re.M)


def theirs(*arguments):
    return subprocess.Popen(['ping', '-n', *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def ours(lab_, *arguments):
    return subprocess.Popen([lab.WEFT, 'ping', '--host', 'bar', '-n', *arguments], stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, env=lab_.environment, text=True)


def begin(lab_, arguments, to_us, to_them):
    return arguments, (theirs(*arguments, to_us), ours(lab_, *arguments, to_them))


def heard(begun):
    """What both said, and with which status."""
    _, pair = begun
    said = [plain(one.communicate(timeout=lab.PATIENCE)[0]).replace('weft ping: ', 'ping: ') for one in pair]
    return said, [one.returncode for one in pair]


def end(begun):
    """What both said to the same arguments, which must be the same, and with which status."""
    said, status = heard(begun)
    assert said[0] == said[1] and status[0] == status[1], (begun[0], status, said)
    return said[1], status[1]


def alike(lab_, arguments, to_us, to_them):
    return end(begin(lab_, arguments, to_us, to_them))


def alike_in_time(lab_, arguments, to_us, to_them):
    """Both give the last reply two round trips, no more. On a busy machine it may be late: then they ask once more."""
    for _ in range(9):
        said, status = heard(begin(lab_, arguments, to_us, to_them))
        if all(' 0% packet loss' in one for one in said):
            break
    assert said[0] == said[1] and status == [0, 0], (arguments, status, said)


def with_ipv6(test):
    def prepared(lab_):
        lab.need('ping')
        run('ip', 'address', 'add', f'{KERNEL6}/64', 'dev', 'wt0', 'nodad')
        until(lambda: run('ping', '-c', '1', '-W', '1', OURS6, check=False).returncode == 0, 'reaching each other')
        until(lambda: run('ping', '-c', '1', '-W', '1', OURS, check=False).returncode == 0, 'reaching each other')
        test(lab_)

    prepared.__name__ = test.__name__
    prepared.kinds = ('tap',)
    prepared.arguments = ('--addr', f'{OURS6}/64', '--sysctl', 'net.ipv6.conf.default.accept_dad=0')
    return prepared


@with_ipv6
def it_says_what_the_original_says(lab_):
    for arguments in (['-c', '2', '-i', '0.01'], ['-c', '1', '-s', '20', '-q'], ['-c', '1', '-p', 'c0ffee'],
                      ['-c', '2', '-A'], ['-f', '-c', '20'], ['-qf', '-c', '200'], ['-c', '1', '-D'],
                      ['-c', '1', '-t', '9', '-Q', '16'], ['-c', '2', '-w', '5', '-i', '0.01'],
                      ['-c', '2', '-i', '0.05', '-I', 'wt0'], ['-c', '1', '-s', '4000']):
        for to_us, to_them in ((OURS, KERNEL), (OURS6, KERNEL6)):
            alike_in_time(lab_, arguments, to_us, to_them)
    for _ in range(9):
        said = ours(lab_, '-f', '-c', '20', KERNEL).communicate(timeout=lab.PATIENCE)[0]
        if ' 0% packet loss' in said:
            break
    said = said.splitlines()[1]
    assert (said.count('.'), said.count('\b \b'), len(said)) == (20, 20, 80), said
    said, status = alike(lab_, ['-M', 'do', '-s', '2000', '-c', '2', '-i', '0.01', '-W', '0.2'], OURS, KERNEL)
    assert status == 1 and said.count('local error: message too long, mtu=1500\n') == 2, said


@with_ipv6
def what_cannot_be_done_is_said_at_once(lab_):
    for arguments in (['10.77.0.1'], ['10.9.0.255'], ['-I', 'nix', KERNEL], ['-I', '10.9.0.99', KERNEL]):
        pair = theirs('-c', '1', *arguments), ours(lab_, '-c', '1', *arguments)
        assert [one.wait(lab.PATIENCE) for one in pair] == [2, 2], arguments
        assert pair[1].stdout.read().count('\n') == 1, arguments


def summed(message):
    """An ICMP message with its checksum."""
    message = message[:2] + b'\0\0' + message[4:]
    total = sum(struct.unpack(f'!{(len(message) + 1) // 2}H', message + b'\0' * (len(message) % 2)))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return message[:2] + struct.pack('!H', total ^ 0xffff) + message[4:]


class Answers:
    """Instead of the kernel, answers echo requests to 10.9.0.1 with what `make` makes of them, some messages."""

    def __init__(self, make):
        self.make = make

    def __enter__(self):
        with open(IGNORE, 'w') as file:
            file.write('1')
        self.s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        self.s.bind((KERNEL, 0))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        try:
            while True:
                packet, peer = self.s.recvfrom(65536)
                message = packet[(packet[0] & 15) * 4:]
                if message[0] == 8:
                    for answer in self.make(message):
                        self.s.sendto(summed(answer), peer)
        except OSError:
            pass

    def __exit__(self, *_):
        self.s.close()
        with open(IGNORE, 'w') as file:
            file.write('0')


@with_ipv6
def strange_answers_are_told_in_the_same_words(lab_):
    """Both ask the same answerer: the original over the kernel's loopback."""
    def reply(message):
        return b'\0' + message[1:]

    def changed(message):
        return reply(message[:30] + bytes([message[30] ^ 0x55]) + message[31:])

    pattern = ['-c', '1', '-i', '0.1', '-p', 'aa', '-W', '1']
    for make, mark in ((lambda m: [reply(m)] * (2 if m[7] == 1 else 1), '(DUP!)'), (lambda m: [reply(m[:-10])], '(truncated)')):
        with Answers(make):
            said, status = alike(lab_, ['-c', '2', *pattern[2:]], KERNEL, KERNEL)
            assert mark in said and status == 0, said
    with Answers(lambda m: [changed(m)]):
        said = ours(lab_, *pattern, KERNEL).communicate(timeout=lab.PATIENCE)[0]
        assert '\nwrong data byte #22 should be 0xaa but was 0xff\n#0\taa aa ' in said, said
        said = theirs(*pattern, KERNEL).communicate(timeout=lab.PATIENCE)[0]
        assert '\nwrong data byte #22 should be 0xaa but was 0xff\n#' in said, said


def is_told_as_json(told):
    assert told['replies'] == [{'from': OURS, 'icmp_seq': 1, 'error': 'Destination Host Unreachable', 'type': 3, 'code': 1}]
    assert (told['transmitted'], told['received'], told['errors']) == (1, 0, 1), told


@with_ipv6
def silence_and_errors_end_it_when_they_should(lab_):
    """All at once, because each takes its time."""
    with Answers(lambda m: []):
        silent = [begin(lab_, arguments, KERNEL, KERNEL) for arguments in (
            ['-c', '1', '-W', '0.3'], ['-w', '1', '-i', '0.7'], ['-O', '-c', '2', '-i', '0.2', '-W', '0.3'],
            ['-f', '-c', '5', '-W', '0.2'], ['-w', '1', '-c', '9', '-i', '0.7'])]
        absent = [begin(lab_, ['-c', '2', '-i', '0.1'], '10.9.0.77', '10.9.0.77'),
                  begin(lab_, ['-c', '1'], 'fd09::77', 'fd09::77')]
        words = ours(lab_, '--json', '-c', '1', '10.9.0.78')
        for begun in silent + absent:
            said, status = end(begun)
            assert status == 1 and ('errors, 100%' if begun in absent else '100% packet loss') in said, said
        is_told_as_json(json.loads(words.communicate(timeout=lab.PATIENCE)[0]))


@with_ipv6
def a_lost_reply_is_not_waited_for_long(lab_):
    replies = iter((True, False, True))
    with Answers(lambda m: [b'\0' + m[1:]] if next(replies, False) else []):
        said = ours(lab_, '-c', '3', '-i', '0.3', '-W', '0.4', KERNEL).communicate(timeout=lab.PATIENCE)[0]
        assert '3 packets transmitted, 2 received, 33.3333% packet loss' in said, said


@with_ipv6
def a_group_is_answered_by_whoever_is_in_it(lab_):
    with open('/proc/sys/net/ipv4/icmp_echo_ignore_broadcasts', 'w') as file:
        file.write('0')
    for group, kernel in (('224.0.0.1', KERNEL), ('ff02::1%wt0', 'fe80::')):
        said = ours(lab_, '-c', '1', '-W', '2', group).communicate(timeout=lab.PATIENCE)[0]
        assert f'64 bytes from {kernel}' in said and '1 received' in said, said


if __name__ == '__main__':
    lab.main([
        it_says_what_the_original_says,
        what_cannot_be_done_is_said_at_once,
        strange_answers_are_told_in_the_same_words,
        silence_and_errors_end_it_when_they_should,
        a_lost_reply_is_not_waited_for_long,
        a_group_is_answered_by_whoever_is_in_it,
    ])
