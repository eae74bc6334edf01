#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The program given any words: without rights, where it must refuse, and beside a host, which must outlive them.

    test_arguments.py [LINES [SEED]]

Each line ends with status 0, 1 or 2, and by no signal; with 2 it has said why in one line, and nothing else. Words are
drawn from what each command's help names, from values that are right somewhere, and from what is right nowhere.
"""
import functools
import os
import random
import re
import subprocess
import sys
import tempfile

import lab
from lab import WEFT, Lab, run

LINES = int(sys.argv[1]) if len(sys.argv) > 1 else 300
SEED = int(sys.argv[2]) if len(sys.argv) > 2 else 1
COMMANDS = re.findall(r'^  (\w+) ', run(WEFT, '--help').stdout, re.M)
# What of them comes back by itself where there is a host to ask; and what makes it so.
BESIDE_A_HOST = {'netstat': [], 'arp': [], 'ndp': [], 'sysctl': [], 'ss': [], 'route': [], 'ifconfig': [],
                 'addrlabel': [], 'serve': [], 'ping': ['-c', '1', '-w', '0.05'],
                 'traceroute': ['-m', '1', '-q', '1', '-w', '0.05']}
VALUES = '''0 1 2 7 -1 255 256 1500 65535 65536 4294967295 4294967296 18446744073709551616 0.5 1e9 0x10 1% 5ms 10mbit
    nan 10.9.0.1 10.9.0.2/24 10.9.0.300 0.0.0.0 255.255.255.255 224.0.0.1 127.0.0.1 10.0.0.0/8 10.9.0.1/33 ::1
    fe80::1 fe80::1%wt0 fd09::1/64 fd09::/129 ff02::1 ::ffff:10.9.0.1 ::g 02:00:00:00:00:07 ff:ff:ff:ff:ff:ff 2:0:0
    default add del show get list via dev metric netmask mtu up down inet inet6 -net -host prefix label precedence
    state established exclude dst src sport dport eq gt and or not ( ) :22 wt0 wt9 bar foo tap:wt1 tun: packet:lo tap
    echo echo:0 echo:70000 time:8001 http:8002 gopher net.ipv4.tcp_sack net.ipv4.tcp_sack=0 net.ipv4.ip_forward=maybe
    net.ipv4.tcp_rmem=4096,1,2 net.nothing=1 loss=1%,delay=5ms loss=200% seed=7 linux rfc bsd rarp rarp/24 do tsonly
    ff00aa tcp port 80 - -- --host=bar --host=nobody --json --help --no-such-option -Z'''.split()
ODD = ['', ' ', '=', '%', '/', ',', '%s%n%x', '\n', 'a\nb', '\x1b[2J', 'é'.encode(), b'\xff\xfe',
       'x' * 300, '9' * 5000, '.' * 70000]


@functools.lru_cache
def options(command):
    """All that its help names, with a short option's dash."""
    said = run(WEFT, command if command in COMMANDS else 'ss', '--help').stdout
    return re.findall(r'--[a-z][a-z-]*', said) + re.findall(r'^  (-\w)', said, re.M)


def word(rng, command):
    kind = rng.randrange(20)
    if kind < 7:
        return rng.choice(options(command))
    if kind < 9:
        return rng.choice(options(command)) + '=' + rng.choice(VALUES)
    if kind < 18:
        return rng.choice(VALUES)
    if kind < 19:
        return rng.choice(ODD)
    return ''.join(rng.choice('aAzZ09.:/%=,-_[]() ') for _ in range(rng.randrange(1, 30)))


def line(rng, commands):
    """A command, or what is none, and up to nine words."""
    command = rng.choice(commands)
    words = [word(rng, command) for _ in range(rng.choice([0, 1, 1, 2, 2, 3, 4, 6, 9]))]
    return [command, *words]


def check(words, done):
    """A program's end, given these words."""
    told = f'weft {words!r:.400} (seed {SEED}): status {done.returncode}, {done.stdout[:200]!r}, {done.stderr[:300]!r}'
    assert done.returncode in (0, 1, 2), told
    if done.returncode == 2:
        assert done.stderr.startswith(b'weft') and done.stderr.find(b'\n') == len(done.stderr) - 1, told
        assert not re.search(rb'[\0-\x09\x0b-\x1f\x7f]', done.stderr), told
        assert not done.stdout, told
    if done.returncode == 0:
        assert done.stdout or not {'--help', '--version', '--list'} & set(words), told


def give(words, *before, **how):
    done = subprocess.run([*before, WEFT, *words], stdin=subprocess.DEVNULL, capture_output=True, timeout=lab.PATIENCE,
                          **how)
    check(words, done)
    return done.returncode


def some_were_taken(statuses):
    assert {0, 2} <= set(statuses), f'all of {len(statuses)} lines ended alike'


def its_version_is_the_one_that_is_built():
    """Which is that of the project in meson.build."""
    with open(os.path.join(os.path.dirname(__file__), '..', '..', 'meson.build'), encoding='utf-8') as f:
        version = re.search(r"^  version: '([\d.]+)',$", f.read(), re.M)[1]
    done = subprocess.run([WEFT, '--version'], capture_output=True, text=True, timeout=lab.PATIENCE)
    assert (done.returncode, done.stdout) == (0, f'weft {version}\n'), done


def an_unknown_interface_is_told_before_any_title():
    """What random words found: a line of titles, and then the complaint."""
    with Lab('tap') as host:
        for how in (), ('-s',), ('--json',), ('-a', '-s'):
            words = ['ifconfig', '--host', 'bar', *how, 'wt9']
            assert give(words, env=host.environment) == 2, words


def without_rights_any_words_are_refused_in_a_line():
    """No device can be opened, and no host kept: whatever is asked for is refused, or was help.

    Without privileges even for root, so that a word which names a file or a device does no harm.
    """
    rng, statuses = random.Random(SEED), []
    bare = ['setpriv', '--no-new-privs', '--bounding-set=-all', '--inh-caps=-all', '--']
    lab.need('setpriv')
    with tempfile.TemporaryDirectory(prefix='weft-arguments-') as room:
        environment = {**os.environ, 'XDG_RUNTIME_DIR': '/proc/nowhere'}
        for _ in range(LINES):
            words = line(rng, COMMANDS + ['help', 'no-such-command', '', '--version'])
            if words[0] == 'demo':  # it needs no rights, and takes its time
                words.append('no-such-story')
            if words[0] == 'run':
                words.append('/nowhere/program')
            statuses.append(give(words, *bare, cwd=room, env=environment))
    some_were_taken(statuses)


def may_be_given_to_a_host(words):
    """Not what would make another one."""
    text = [w if isinstance(w, str) else '' for w in words]
    return '\0' not in ''.join(text) and not any(w.startswith(('--i', '-i')) for w in text)


def beside_a_host_any_words_leave_it_as_it_was():
    rng, statuses = random.Random(SEED), []
    with Lab('tap') as host:
        for _ in range(LINES // 2):
            words = line(rng, list(BESIDE_A_HOST))
            if may_be_given_to_a_host(words):
                words += BESIDE_A_HOST[words[0]]
                statuses.append(give(words, cwd=host.directory, env=host.environment))
        # whatever became of its addresses and routes, it answers
        assert 'wt0' in host.weft('ifconfig', '-a').stdout
        host.weft('netstat', '-m')
    some_were_taken(statuses)


TESTS = [its_version_is_the_one_that_is_built, an_unknown_interface_is_told_before_any_title,
         without_rights_any_words_are_refused_in_a_line, beside_a_host_any_words_leave_it_as_it_was]

if __name__ == '__main__':
    lab.enter_namespace()
    sys.exit(lab.report((test.__name__, test) for test in TESTS))
