# SPDX-License-Identifier: MIT
"""Lives that Linux has led, as a file: a line of JSON each, so that a difference shows which.

    {"seed": S, "wide": W, "options": {...}, "steps": [[what, argument], ...], "said": [[result, segments, poll, info], ...]}

`said` is what the kernel said after each step; of TCP_INFO only what has changed since the step before, as {} or null
where there is none. What the steps are stands in the file too: who changes the dice does not change what was recorded.
"""
import json


def changes(info, before):
    return None if info is None else {k: v for k, v in info.items() if not before or before.get(k) != v}


def line_of(seed, wide, options, steps, said):
    """One life; `said` as differ's Life tells it: [what, result, segments, poll, info] for each step."""
    told, before = [], None
    for _, result, came, ready, info in said:
        told.append([result, came, ready, changes(info, before)])
        before = info
    return json.dumps({'seed': seed, 'wide': wide, 'options': options, 'steps': steps[:len(said)], 'said': told},
                      separators=(',', ':'))


def read_line(line):
    """(name, options, steps, said) of a life."""
    life, said, before = json.loads(line), [], None
    for (what, argument), (result, came, ready, changed) in zip(life['steps'], life['said']):
        before = None if changed is None else {**(before or {}), **changed}
        said.append([f'{what} {argument}', result, came, ready, before])
    return f'seed {life["seed"]}{" wide" if life["wide"] else ""}', life['options'], life['steps'], said
