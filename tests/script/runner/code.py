# SPDX-License-Identifier: MIT
"""Runs the %{ }% blocks of a script: see code.h. Reads {"path": ..., "blocks": [{"line", "code", "values"}]}.

What fails is told with its line in the script and with what the names on that line stood for; exit status 1 then.
"""
import ast
import contextlib
import io
import json
import linecache
import sys
import textwrap
import traceback

STATES = ['ESTABLISHED', 'SYN_SENT', 'SYN_RECV', 'FIN_WAIT1', 'FIN_WAIT2', 'TIME_WAIT', 'CLOSE', 'CLOSE_WAIT',
          'LAST_ACK', 'LISTEN', 'CLOSING']
CA_STATES = ['Open', 'Disorder', 'CWR', 'Recovery', 'Loss']
OPTIONS = ['TIMESTAMPS', 'SACK', 'WSCALE', 'ECN', 'ECN_SEEN', 'SYN_DATA']


def constants():
    names = {f'TCP_{name}': i + 1 for i, name in enumerate(STATES)}
    names.update({f'TCP_CA_{name}': i for i, name in enumerate(CA_STATES)})
    names.update({f'TCPI_OPT_{name}': 1 << i for i, name in enumerate(OPTIONS)})
    return names


def unindented(code):
    """Text may begin right behind %{, or on the next line, indented as the script is."""
    first, newline, rest = code.partition('\n')
    return first.strip() + newline + textwrap.dedent(rest.rstrip() + '\n')


def names_in(text, scope):
    """`tcpi_rto = 200000` for each name of the block's that this line speaks of."""
    try:
        tree = ast.parse(text.strip())
    except SyntaxError:
        return ''
    names = dict.fromkeys(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
    return ', '.join(f'{n} = {scope[n]!r}' for n in names if n in scope and isinstance(scope[n], (int, str, float)))


def explain(error, path, scope, text):
    line = error.lineno if isinstance(error, SyntaxError) else None
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename == path:
            line = frame.lineno
    lines = text.split('\n')
    code = lines[line - 1].strip() if line and line <= len(lines) else ''
    kind = type(error).__name__
    told = [f'{path}:{line}: {kind}{": " if str(error) else ""}{error}', f'    {code}']
    values = names_in(code, scope)
    return '\n'.join(told + ([f'    {values}'] if values else []))


def run(script):
    path, scope = script['path'], constants()
    for block in script['blocks']:
        text = '\n' * (block['line'] - 1) + unindented(block['code'])
        scope.update(block['values'])
        linecache.cache[path] = (len(text), None, text.splitlines(True), path)
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(text, path, 'exec'), scope)
        except Exception as error:
            if not block['values']:
                print(f'{path}:{block["line"]}: there was no TCP socket to ask')
            print(explain(error, path, scope, text))
            return False
    return True


sys.exit(0 if run(json.load(sys.stdin)) else 1)
