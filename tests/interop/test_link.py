#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""weft link between two namespaces: the kernel's ping is the measure."""
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

import lab
from lab import WEFT, run, until

NEAR, FAR = '10.7.0.1', '10.7.0.2'


class Link:
    """Two namespaces joined by a `weft link` with these arguments; near pings far."""

    def __init__(self, *arguments):
        self.arguments = arguments

    def __enter__(self):
        self.process = subprocess.Popen([WEFT, 'link', 'tap:la', 'tap:lb', '--json', *self.arguments],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        until(lambda: lab.device_exists('la') and lab.device_exists('lb') or self.process.poll() is not None,
              'the devices of the link')
        self.rooms = [subprocess.Popen(['unshare', '--net', 'sleep', '1000']) for _ in range(2)]
        for room, device, address in zip(self.rooms, ('la', 'lb'), (NEAR, FAR)):
            until(lambda: os.readlink(f'/proc/{room.pid}/ns/net') != os.readlink('/proc/self/ns/net'), 'a namespace')
            run('ip', 'link', 'set', device, 'netns', str(room.pid))
            # what IPv6 says by itself, whenever it likes, would be counted too
            self.inside(room, 'sh', '-c', f'echo 1 >/proc/sys/net/ipv6/conf/{device}/disable_ipv6')
            self.inside(room, 'ip', 'address', 'add', f'{address}/24', 'dev', device)
            self.inside(room, 'ip', 'link', 'set', device, 'up')
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
        for room in self.rooms:
            room.kill()
            room.wait()
        until(lambda: not lab.device_exists('la') and not lab.device_exists('lb'), 'the end of the devices')

    @staticmethod
    def inside(room, *command, **options):
        return run('nsenter', '-t', str(room.pid), '-n', *command, **options)

    def ping(self, *arguments):
        """Returns (sent, received, least round trip in ms)."""
        said = self.inside(self.rooms[0], 'ping', '-q', *arguments, FAR, check=False).stdout
        sent, received = map(int, re.search(r'(\d+) packets transmitted, (\d+) received', said).groups())
        least = re.search(r'= ([0-9.]+)/', said)
        return sent, received, float(least.group(1)) if least else None

    def end(self):
        """Ends it in order; returns its last statistics."""
        self.process.send_signal(signal.SIGTERM)
        out, err = self.process.communicate(timeout=lab.PATIENCE)
        assert self.process.returncode == 0, f'status {self.process.returncode}: {err}'
        return json.loads(out.splitlines()[-1])


def a_packet_takes_the_delay_each_way():
    with Link('--forward', 'delay=20ms', '--back', 'delay=5ms') as link:
        sent, received, least = link.ping('-c', '10', '-i', '0.1')
        assert sent == received == 10
        assert 25 <= least < 30, f'{least} ms'
        stats = link.end()
        assert stats['forward']['late_mean_ns'] < 10_000_000, stats


def a_large_packet_takes_the_time_of_its_rate():
    with Link('--both', 'rate=1mbit,queue=10p') as link:
        _, _, small = link.ping('-c', '5', '-i', '0.2', '-s', '16')
        _, _, large = link.ping('-c', '5', '-i', '0.2', '-s', '1400')
        assert 2 * 0.464 <= small < 5, f'{small} ms'  # 58 bytes with all headers
        assert 2 * 11.536 <= large < 27, f'{large} ms'  # 1,442 bytes


def the_share_is_lost_that_was_asked_for():
    with Link('--forward', 'loss=10%', '--seed', '4') as link:
        sent, received, _ = link.ping('-c', '1000', '-i', '0.002', '-W', '1')
        stats = link.end()
        missing = sent - received
        assert 52 <= missing <= 148, f'{missing} of {sent}'  # five standard deviations
        assert missing <= stats['forward']['lost'] <= missing + 3, stats  # address resolution is on the link too
        assert stats['back']['lost'] == 0


def the_bad_state_of_gilbert_and_elliott_loses_all():
    with Link('--forward', 'every=50', '--back', 'gilbert=100%:0%') as link:
        _, received, _ = link.ping('-c', '20', '-i', '0.01', '-W', '1')
        assert received <= 1  # the first packet meets the good state; it may be the answer to a ping
        stats = link.end()
        assert stats['back']['lost'] >= stats['back']['packets'] - 1 > 0


def a_queue_that_is_full_loses_from_its_tail():
    with Link('--forward', 'rate=200kbit,queue=5p') as link:
        link.ping('-c', '1')
        sent, received, _ = link.ping('-c', '20', '-s', '1000', '-l', '20', '-i', '0.01', '-W', '3')
        stats = link.end()
        assert sent == 20 and 5 <= received <= 8, f'{received} of {sent}'
        assert stats['forward']['queue_full'] == sent - received, stats
        # no longer than five packets take; how close it comes to that is a matter of how fast ping gets them out
        assert 41_680_000 < stats['forward']['wait_max_ns'] <= 5 * 41_680_000, stats


def duplicates_and_corruption_are_seen():
    with Link('--forward', 'dup=100%') as link:
        said = link.inside(link.rooms[0], 'ping', '-q', '-c', '5', '-i', '0.1', FAR).stdout
        assert '+4 duplicates' in said or '+5 duplicates' in said, said  # it stops at the last answer
    with Link('--back', 'corrupt=100%') as link:
        link.ping('-c', '5', '-i', '0.01', '-W', '1')
        stats = link.end()
        assert stats['back']['corrupted'] == stats['back']['packets'] > 0


def statistics_come_when_asked_for():
    with Link('--stats', '0.5') as link:
        link.ping('-c', '3', '-i', '0.1')
        link.process.send_signal(signal.SIGUSR1)
        time.sleep(0.7)
        link.process.send_signal(signal.SIGTERM)
        out, _ = link.process.communicate(timeout=lab.PATIENCE)
        lines = [json.loads(line) for line in out.splitlines()]
        assert len(lines) >= 3
        assert [line['ns'] for line in lines] == sorted(line['ns'] for line in lines)
        assert lines[-1]['forward']['arrived'] == lines[-1]['forward']['packets'] >= 3


def it_ends_by_itself_after_its_time():
    start = time.monotonic()
    with Link('--duration', '1') as link:
        assert link.process.wait(lab.PATIENCE) == 0
    assert 1 <= time.monotonic() - start < 5


def the_capture_has_both_ends():
    lab.need('tcpdump')
    with tempfile.NamedTemporaryFile(suffix='.pcapng') as file:
        with Link('--forward', 'every=2', '--capture', file.name, '--snap', '60') as link:
            link.ping('-c', '4', '-i', '0.1', '-W', '1')
            stats = link.end()
        lines = run('tcpdump', '-nr', file.name).stdout.splitlines()
        passed = sum(stats[way][what] for way in ('forward', 'back') for what in ('packets', 'arrived'))
        assert len(lines) == passed, f'{len(lines)} packets in the file, {passed} at the ends'


def the_end_of_a_device_ends_it():
    with Link() as link:
        link.inside(link.rooms[1], 'ip', 'link', 'delete', 'lb')
        _, err = link.process.communicate(timeout=lab.PATIENCE)
        assert link.process.returncode == 1
        assert err == 'weft link: tap:lb is gone\n', err


def mistakes_are_told_in_one_line():
    for arguments, said in [(('tap:la',), 'needs DEVICE DEVICE'),
                            (('tap:la', 'tap:la'), 'cannot be both ends'),
                            (('tap:la', 'tun:lb'), 'cannot be joined'),
                            (('tap:la', 'eth0'), "bad device 'eth0'"),
                            (('tap:la', 'tap:lb', '--both', 'loss=1%', '--back', 'loss=1%'), 'said twice'),
                            (('tap:la', 'tap:lb', '--forward', 'queue=5p'), 'queue without rate'),
                            (('tap:la', 'tap:lb', '--forward', 'lose=5%'), "bad impairment 'lose=5%'")]:
        done = run(WEFT, 'link', *arguments, check=False)
        assert done.returncode == 2 and done.stderr.count('\n') == 1, done
        assert said in done.stderr, done.stderr


TESTS = [a_packet_takes_the_delay_each_way, a_large_packet_takes_the_time_of_its_rate,
         the_share_is_lost_that_was_asked_for, the_bad_state_of_gilbert_and_elliott_loses_all,
         a_queue_that_is_full_loses_from_its_tail, duplicates_and_corruption_are_seen,
         statistics_come_when_asked_for, it_ends_by_itself_after_its_time, the_capture_has_both_ends,
         the_end_of_a_device_ends_it, mistakes_are_told_in_one_line]

if __name__ == '__main__':
    lab.enter_namespace()
    sys.exit(lab.report((test.__name__, test) for test in TESTS))
