# SPDX-License-Identifier: MIT
"""A laboratory for interop tests: a network namespace of its own, the kernel as peer, the `weft` program under test.

A test file calls lab.main(tests); each test is a function that takes a Lab, its name the claim, and asserts. Output is
the Test Anything Protocol. What the machine lacks is skipped with its name (netns, tun, a program), so that
scripts/tally can see whether that is so.
"""
import functools
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

sys.dont_write_bytecode = True
# radvd and rarpd stand where not everybody looks; scripts/setup looks there too.
os.environ['PATH'] = os.environ.get('PATH', os.defpath) + ':/usr/local/sbin:/usr/sbin:/sbin'
WEFT = os.path.abspath(os.environ.get('WEFT', 'build/weft'))
PATIENCE = 20  # seconds: long enough for any machine, short enough to fail
KERNEL, OURS = '10.9.0.1', '10.9.0.2'


class Skip(Exception):
    """What the machine lacks, in words."""


def need(program):
    """Skips the test when the program is not installed."""
    if not shutil.which(program):
        raise Skip(f'lacks {program}')


def skip_all(reason):
    print(f'1..0 # SKIP {reason}')
    sys.exit(0)


def enter_namespace():
    """Starts over inside a network namespace of our own, or says why not."""
    if os.environ.get('WEFT_LAB'):
        return
    # A process namespace too: whatever we start ends with us, even when we are killed.
    flags = [] if os.getuid() == 0 else ['--map-root-user']
    flags += ['--net', '--pid', '--mount-proc', '--fork', '--kill-child']
    probe = subprocess.run(['unshare', *flags, 'true'], capture_output=True, text=True)
    if probe.returncode:
        skip_all(f'lacks netns: {probe.stderr.strip()}')
    if not os.access('/dev/net/tun', os.R_OK | os.W_OK):
        skip_all('lacks tun: /dev/net/tun is missing or not ours to open')
    os.environ['WEFT_LAB'] = '1'
    os.execvp('unshare', ['unshare', *flags, sys.executable, *sys.argv])


def run(*command, check=True, **options):
    """Runs a program to its end, with its output as text; fails the test when it fails (unless check is false)."""
    options = {'capture_output': True, 'text': True, 'timeout': PATIENCE, **options}
    if options.get('input') is None:
        options.setdefault('stdin', subprocess.DEVNULL)
    done = subprocess.run(command, **options)
    if check and done.returncode != 0:  # a summary keeps the beginning of the first line
        last = (done.stderr or done.stdout or '').strip().splitlines()[-1:]
        raise AssertionError(f'status {done.returncode}: {last}: {" ".join(command)}: {done.stdout}{done.stderr}')
    return done


def device_exists(name):
    return name in (device for _, device in socket.if_nameindex())


def until(condition, what):
    """Waits for the condition to hold."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f'{what} did not happen'
        time.sleep(0.02)


# A program that writes as much as is taken, says how much, and ends.
LEAVE = '''
import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
s.setblocking(False)
n = 0
try:
    while True:
        n += s.send(bytes(65536))
except BlockingIOError:
    print(n)
'''


def slow_listener():
    """Of the kernel's, whose connections take little before somebody reads."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    listener.bind((KERNEL, 0))
    listener.listen()
    return listener


def read_all(listener):
    """How many bytes a connection brings until its end."""
    n = 0
    with listener.accept()[0] as connection:
        connection.settimeout(PATIENCE)
        while chunk := connection.recv(65536):
            n += len(chunk)
    return n


class Lab:
    """One host named bar at 10.9.0.2 on a device of this kind; the kernel is 10.9.0.1 on the other side of it."""

    def __init__(self, kind='tap', arguments=None):
        self.kind, self.device = kind, 'wt0'
        self.directory = tempfile.mkdtemp(prefix='weft-lab-')
        self.capture = os.path.join(self.directory, 'bar.pcapng')
        self.arguments = ('--capture', self.capture) if arguments is None else arguments
        self.environment = {**os.environ, 'XDG_RUNTIME_DIR': self.directory}
        self.servers = []
        self.pid = None

    def __enter__(self):
        run('ip', 'link', 'set', 'lo', 'up')
        self.up(*self.arguments)
        run('ip', 'address', 'add', f'{KERNEL}/24', 'dev', self.device)
        return self

    def __exit__(self, kind, *_):
        down = self.weft('down', 'bar', check=False)
        for server in self.servers:
            server.close()
        if down.returncode:
            self.kill()
        until(lambda: not device_exists(self.device), 'the end of the device with its host')
        shutil.rmtree(self.directory, ignore_errors=True)
        if kind is None:
            assert down.returncode == 0, f'weft down: {down.stderr}'

    def up(self, *arguments):
        said = self.weft('up', '--name', 'bar', '--if', f'{self.kind}:{self.device}', '--addr', f'{OURS}/24',
                         *arguments).stdout
        self.pid = int(said.split('(pid ')[1].split(';')[0])

    def kill(self):
        try:
            os.kill(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def weft(self, *arguments, **options):
        return run(WEFT, *arguments, env=self.environment, **options)

    def command(self, *program):
        """What runs a program on the host."""
        return [WEFT, 'run', '--host', 'bar', '--', *program]

    def start(self, *program):
        """The program, started on the host: what it says comes from its pipe."""
        return subprocess.Popen(self.command(*program), env=self.environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def held(self):
        """Lines of netstat that belong to a program or wait for one."""
        return [line for line in self.weft('netstat', '--host', 'bar', '-pantu').stdout.splitlines()
                if re.match(r'(tcp|udp)', line) and 'TIME_WAIT' not in line]

    def udp(self, port=0):
        """A kernel UDP socket at 10.9.0.1."""
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.settimeout(PATIENCE)
        s.bind((KERNEL, port))
        self.servers.append(s)
        return s

    def echo_udp(self):
        """The kernel's UDP echo; returns its port."""
        s = self.udp()

        def serve():
            try:
                while True:
                    data, peer = s.recvfrom(65536)
                    s.sendto(data, peer)
            except OSError:
                pass

        threading.Thread(target=serve, daemon=True).start()
        return s.getsockname()[1]


def places(trouble):
    """Where in the tests it happened, the innermost place last."""
    here = os.path.dirname(os.path.abspath(__file__))
    return [f'at {os.path.basename(f.filename)}:{f.lineno}: {f.line}'
            for f in traceback.extract_tb(trouble.__traceback__) if os.path.dirname(f.filename) == here]


def report(plan):
    """Runs (name, call) one after the other and tells how it went; returns the exit status."""
    plan, failures = list(plan), 0
    print(f'1..{len(plan)}')
    for number, (name, call) in enumerate(plan, 1):
        try:
            call()
            print(f'ok {number} - {name}', flush=True)
        except Skip as why:
            print(f'ok {number} - {name} # SKIP {why}', flush=True)
        except Exception as trouble:  # whatever it is, the others shall run
            failures += 1
            print(f'not ok {number} - {name}')
            for line in traceback.format_exception(trouble)[-1].splitlines() + places(trouble):
                print(f'# {line}', flush=True)
    return failures != 0


def main(tests, kinds=('tap', 'tun')):
    """Runs each test on each kind of device.

    A test's own attribute `kinds` chooses among them; `arguments` goes to its `weft up`, instead of --capture.
    """
    if not os.access(WEFT, os.X_OK):
        print(f'Bail out! there is no {WEFT} to test')
        sys.exit(1)
    enter_namespace()

    def on_a_host(test, kind):
        with Lab(kind, getattr(test, 'arguments', None)) as lab:
            test(lab)

    plan = [(test, kind) for kind in kinds for test in tests if kind in getattr(test, 'kinds', kinds)]
    sys.exit(report((f'{kind}: {test.__name__}', functools.partial(on_a_host, test, kind)) for test, kind in plan))
