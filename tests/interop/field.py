# SPDX-License-Identifier: MIT
"""A field for `weft run`: a TAP device whose other end is the kernel's, and each program on it has a host of its own."""
import contextlib
import functools
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import lab
from lab import KERNEL, OURS, WEFT, run, until

# Meson's; iperf3's server does not bear it after a probe of its port, on the kernel's sockets neither.
os.environ.pop('MALLOC_PERTURB_', None)

PYTHON = '/usr/bin/python3'
KERNEL6, OURS6 = '2001:db8:9::1', '2001:db8:9::2'
BIG = bytes(range(256)) * 8192  # 2 MiB


class Field:
    def __enter__(self):
        self.directory = tempfile.mkdtemp(prefix='weft-run-')
        self.started, self.sockets = [], []
        run('ip', 'link', 'set', 'lo', 'up')
        run('ip', 'tuntap', 'add', 'dev', 'wt0', 'mode', 'tap')
        run('ip', 'address', 'add', f'{KERNEL}/24', 'dev', 'wt0')
        run('ip', 'address', 'add', f'{KERNEL6}/64', 'dev', 'wt0', 'nodad')
        run('ip', 'link', 'set', 'wt0', 'up')
        # Else the kernel refuses a station six datagrams, and one a second from then on. Where it may not be told, few
        # tests come near that.
        with contextlib.suppress(OSError), open('/proc/sys/net/ipv4/icmp_ratelimit', 'w', encoding='ascii') as limit:
            limit.write('0')
        with open(self.path('big'), 'wb') as f:
            f.write(BIG)
        return self

    def __exit__(self, *_):
        for process in self.started:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.started:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for s in self.sockets:
            s.close()
        run('ip', 'link', 'delete', 'wt0')
        shutil.rmtree(self.directory, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, text):
        """A file in the directory; its path."""
        with open(self.path(name), 'w', encoding='utf-8') as f:
            f.write(text)
        return self.path(name)

    def holds(self, name, content=BIG):
        with open(self.path(name), 'rb') as f:
            return f.read() == content

    def command(self, *program, addr=f'{OURS}/24'):
        return [WEFT, 'run', '--if', 'tap:wt0', '--addr', addr, '--', *program]

    def on_weft(self, *program, addr=f'{OURS}/24', **options):
        """Runs a program on weft to its end; `addr`: the host's address."""
        return run(*self.command(*program, addr=addr), cwd=self.directory, **options)

    def start(self, command):
        process = subprocess.Popen(command, cwd=self.directory, stdin=subprocess.DEVNULL,
                                   stdout=open(self.path('said'), 'ab'), stderr=subprocess.STDOUT)
        self.started.append(process)
        return process

    def said(self):
        with open(self.path('said'), encoding='utf-8', errors='replace') as f:
            return f.read()

    def complaints(self):
        """What weft could not honour, of the programs that were started."""
        return [line for line in self.said().splitlines() if line.startswith('weft')]

    def serve(self, port, *program):
        """Starts a server on weft, and waits until it answers at OURS."""
        return self.await_server((OURS, port), self.command(*program), program[0])

    def kernel_serves(self, port, *program):
        """The same with a server on the kernel, at KERNEL."""
        return self.await_server((KERNEL, port), program, program[0])

    def await_server(self, address, command, name):
        process = self.start(command)
        until(lambda: answers(address) or process.poll() is not None, f'{name} listening')
        assert process.poll() is None, f'{name} has ended: {self.said()}'
        return process

    def listen(self, family=socket.AF_INET, address=KERNEL):
        """A listener of the kernel's."""
        s = socket.socket(family)
        s.settimeout(lab.PATIENCE)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((address, 0))
        s.listen(16)
        self.sockets.append(s)
        return s

    def told(self, port, before=0):
        """What a server on weft says to whoever connects, after so many seconds, until it closes; '': nobody is there."""
        time.sleep(before)
        self.heard = ''
        try:
            with socket.create_connection((OURS, port), 2) as s:
                s.settimeout(lab.PATIENCE)
                while chunk := s.recv(100):
                    self.heard += chunk.decode()
        except OSError:
            pass
        return self.heard

    def kernel_http(self, address=KERNEL):
        """The directory, served by the kernel's stack; its port."""
        with socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET) as s:
            s.bind((address, 0))
            port = s.getsockname()[1]
        self.start([PYTHON, '-m', 'http.server', '--bind', address, str(port)])
        until(lambda: answers((address, port)), 'http.server of the kernel')
        return port


def answers(address):
    try:
        socket.create_connection(address, 1).close()
        return True
    except OSError:
        return False


def python(field, text, *arguments, **options):
    """A script of Python's on weft: what it printed."""
    return field.on_weft(PYTHON, '-c', text, *arguments, **options).stdout


IPERF3 = [['-n', '8M'], ['-n', '8M', '-R'], ['-n', '1M', '-u', '-b', '50M'], ['-n', '1M', '-u', '-b', '50M', '-R']]


def moved(said):
    """Has the receiver of an iperf3 test got something, by its own account?"""
    return re.search(r'[1-9][0-9.]* [KMG]bits/sec.*receiver', said)


def main(tests):
    """Runs each test, a function that takes a Field, on one of its own."""
    def on_a_field(test):
        with Field() as field:
            test(field)

    lab.enter_namespace()
    sys.exit(lab.report((test.__name__, functools.partial(on_a_field, test)) for test in tests))
