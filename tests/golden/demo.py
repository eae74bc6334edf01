#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each story of `weft demo`: its picture is XML, with the marks that it must have, and its ladder tells the same."""
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

WEFT = os.environ['WEFT']
SVG = '{http://www.w3.org/2000/svg}'

# What the picture shows at least so often, and what stands on the ladder. A mark in the legend counts too.
STORIES = {
    'slow-start': ({'sent': 600, 'again': 10, 'lost': 10, 'sack': 10, 'cwnd': 2, 'ssthresh': 2},
                   [r'segments are left out', r'ESTABLISHED  -- ACK seq 1:1449\(1448\)']),
    'fast-retransmit': ({'sent': 20, 'again': 2, 'lost': 2, 'cwnd': 2, 'ssthresh': 2},
                        [r'seq 4345:5793\(1448\) .*-X', r'seq 4345:5793\(1448\) .*\(again\)',
                         r'(?s)(ack 4345 win [^\n]*\n.*){4}again']),
    'sack-recovery': ({'sent': 36, 'again': 4, 'lost': 5, 'sack': 10}, [r'<TS \d+ \d+,sack,sack,sack>']),
    'tail-loss': ({'sent': 6, 'again': 3, 'lost': 3, 'sack': 2},
                  [r'seq 7241:8689\(1448\) .*-X', r'(?s)seq 7241:8689\(1448\) [^\n]*\(again\).*,sack>.*'
                   r'seq 5793:7241\(1448\) [^\n]*\(again\)']),
    'nagle': ({'sent': 6, 'ack': 2}, [r'client sets TCP_NODELAY', r'0\.2[0-9]*   0\.2[0-9]* .* seq 101:201\(100\)',
                                      r'0\.700000   0\.710000 .* seq 301:401\(100\)']),
    'syn-flood': ({'sent': 4, 'ack': 2}, [r'SYN,ACK seq 0 ack 1', r'PSH,ACK seq 2897:3001']),
    'syn-flood-won': ({}, [r'15\.100000 .* SYN seq 0 .*again.*tcp_half_open_full']),
    'persist': ({'sent': 10, 'probe': 4, 'window': 2}, [r'X- ACK seq 1 ack 10281 win 7240',
                                                          r'seq 10280 ack 1 .*tcp_old']),
}


def play(name, file):
    return subprocess.run([WEFT, 'demo', name, '--svg', file], stdout=subprocess.PIPE, text=True, check=True).stdout


def check(name, directory):
    file = os.path.join(directory, 'plot.svg')
    text = play(name, file)
    root = ElementTree.parse(file).getroot()
    assert root.tag == SVG + 'svg' and root.get('viewBox'), root.tag
    classes = [element.get('class') for element in root.iter()]
    marks, lines = STORIES.get(name, ({}, []))
    for mark, least in marks.items():
        assert classes.count(mark) >= least, f'{mark}: {classes.count(mark)}, not {least}'
    for line in lines:
        assert re.search(line, text), f'the ladder lacks {line}:\n{text}'
    with open(file, encoding='utf-8') as f:
        first = f.read()
    play(name, file)
    with open(file, encoding='utf-8') as f:
        assert f.read() == first, 'it is another picture each time'


def main():
    listing = subprocess.run([WEFT, 'demo', '--list'], stdout=subprocess.PIPE, text=True, check=True).stdout
    names = [line.split()[0] for line in listing.splitlines()]
    names.remove('all')
    missing, failed = set(STORIES) - set(names), 0
    print(f'1..{len(names) + 1}')
    with tempfile.TemporaryDirectory() as directory:
        for number, name in enumerate(names, 1):
            try:
                check(name, directory)
                print(f'ok {number} - {name}')
            except (AssertionError, ElementTree.ParseError, subprocess.CalledProcessError) as trouble:
                failed += 1
                print(f'not ok {number} - {name}')
                for line in str(trouble).splitlines():
                    print(f'# {line}')
    print(f'{"not ok" if missing else "ok"} {len(names) + 1} - all stories are told {missing or ""}')
    return failed > 0 or bool(missing)


sys.exit(main())
