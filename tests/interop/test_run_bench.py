#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bench/programs gives a number for each of its figures, and says in a line what it lacks, or that it was not asked well."""
import functools
import os
import re
import subprocess
import sys

import lab

PROGRAMS = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'bench', 'programs')
PATIENCE = 150  # seconds: Go's compiler may have to begin with its library


def programs(*arguments):
    return subprocess.run([sys.executable, PROGRAMS, *arguments], capture_output=True, text=True, timeout=PATIENCE,
                          stdin=subprocess.DEVNULL, env={**os.environ, 'WEFT': lab.WEFT}, check=False)


def figures():
    """All that it offers, by its line of usage."""
    return re.findall(r'[a-z0-9]+_[a-z0-9_]+', programs().stderr)


def gives_a_number(stack, figure):
    done = programs('--brief', stack, figure)
    if lacks := re.search(r'lacks \w+', done.stderr):
        raise lab.Skip(lacks[0])
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) > 0, done.stdout


def an_unknown_figure_is_a_line_of_usage():
    done = programs('weft', 'run_nothing')
    assert done.returncode == 2 and done.stdout == '', done
    assert re.fullmatch(r'usage: .*\n', done.stderr), done.stderr


def plan():
    yield 'an_unknown_figure_is_a_line_of_usage', an_unknown_figure_is_a_line_of_usage
    for figure in figures():
        yield f'weft: {figure} is a number', functools.partial(gives_a_number, 'weft', figure)
    for figure in ('run_redis', 'run_nginx_short', 'tap_out', 'udp_kernel'):
        yield f'linux: {figure} is a number', functools.partial(gives_a_number, 'linux', figure)


if __name__ == '__main__':
    sys.exit(lab.report(plan()))
