#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""weft run: Python, Node and Go, each as a client and as a server of HTTP, on a stack of ours."""
import os

from field import BIG, PYTHON, main, python
from lab import KERNEL, OURS, need, run

NODE_GET = '''
require('http').get(process.argv[1], answer => {
    let n = 0;
    answer.on('data', data => n += data.length);
    answer.on('end', () => console.log(n));
});
'''
NODE_SERVE = '''
const fs = require('fs');
require('http').createServer((_, answer) => fs.createReadStream('big').pipe(answer)).listen(8080);
'''
GO = '''
package main

import ("fmt"; "io"; "net/http"; "os")

func main() {
    if os.Args[1] == "serve" {
        panic(http.ListenAndServe(os.Args[2], http.FileServer(http.Dir("."))))
    }
    answer, err := http.Get(os.Args[2])
    if err != nil {
        panic(err)
    }
    n, err := io.Copy(io.Discard, answer.Body)
    fmt.Println(n, err)
}
'''
ASYNCIO_SERVE = '''
import asyncio
async def serve(reader, writer):
    await reader.readuntil(b'\\r\\n\\r\\n')
    writer.write(b'HTTP/1.0 200 OK\\r\\n\\r\\n' + open('big', 'rb').read())
    await writer.drain()
    writer.close()
async def main():
    await (await asyncio.start_server(serve, '', 8080)).serve_forever()
asyncio.run(main())
'''
ASYNCIO_GET = '''
import asyncio, sys
async def get():
    reader, writer = await asyncio.open_connection(sys.argv[1], int(sys.argv[2]))
    writer.write(b'GET /big HTTP/1.0\\r\\n\\r\\n')
    return len((await reader.read()).split(b'\\r\\n\\r\\n', 1)[1])
async def main():
    print(*await asyncio.gather(*(get() for _ in range(8))))
asyncio.run(main())
'''
URLLIB_GET = '''
import sys, urllib.request
print(len(urllib.request.urlopen(f'http://{sys.argv[1]}:{sys.argv[2]}/big').read()))
'''


def fetch(field):
    """What the server on weft gives the kernel's curl."""
    need('curl')
    run('curl', '-sS', '--parallel', '-o', field.path('got'), f'http://{OURS}:8080/big',
        '-o', field.path('too'), f'http://{OURS}:8080/big')
    assert field.holds('got') and field.holds('too')
    assert not field.complaints(), field.complaints()


def python_fetches_by_urllib_and_asyncio(field):
    port = str(field.kernel_http())
    assert python(field, URLLIB_GET, KERNEL, port) == f'{len(BIG)}\n'
    assert python(field, ASYNCIO_GET, KERNEL, port) == ' '.join([str(len(BIG))] * 8) + '\n'


def python_serves_by_asyncio(field):
    field.serve(8080, PYTHON, '-c', ASYNCIO_SERVE)
    fetch(field)


def node_fetches(field):
    need('node')
    port = field.kernel_http()
    said = field.on_weft('node', '-e', NODE_GET, f'http://{KERNEL}:{port}/big')
    assert said.stdout == f'{len(BIG)}\n' and not said.stderr, said.stdout + said.stderr


def node_serves(field):
    need('node')
    field.serve(8080, 'node', '-e', NODE_SERVE)
    fetch(field)


def go_program(field):
    """Static: no library of the system's between it and the calls."""
    need('go')
    field.write('http.go', GO)
    run('go', 'build', '-ldflags', '-linkmode external -extldflags -static', '-o', 'http', 'http.go',
        cwd=field.directory, env={**os.environ, 'GOCACHE': field.path('cache'), 'GOPATH': field.path('path'),
                                  'GO111MODULE': 'off'})
    return field.path('http')


def a_static_program_of_go_fetches_and_serves(field):
    program = go_program(field)
    port = field.kernel_http()
    said = field.on_weft(program, 'get', f'http://{KERNEL}:{port}/big')
    assert said.stdout == f'{len(BIG)} <nil>\n' and not said.stderr, said.stdout + said.stderr
    field.serve(8080, program, 'serve', ':8080')
    fetch(field)


TESTS = [
    python_fetches_by_urllib_and_asyncio,
    python_serves_by_asyncio,
    node_fetches,
    node_serves,
    a_static_program_of_go_fetches_and_serves,
]


if __name__ == '__main__':
    main(TESTS)
