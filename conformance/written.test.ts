import { spawnSync } from 'node:child_process'
import { parseHTML } from 'linkedom'
import { describe, expect, test } from 'vitest'
import type { Program } from '../spec/program.js'
import { annotations, jobSummary, largestSummary } from './github.js'
import { junitXml } from './junit.js'
import type { Line, Report } from './line.js'
import { reportPage } from './page.js'
import type { ProgramLine } from './programs/probe.js'
import { written } from './written.js'

// what a backend may call things: an end of every language that a report is written in
const hostile =
  '<script>alert(1)</script> & "q" \'q\' ]]> `t` ``` | a | \u0000\u001b[31m\r\n::error::x %0A </code></pre> \ud800'

const right: Line = {
  op: 'relu',
  direction: 'forward',
  backend: hostile,
  cases: 3,
  refused: 1,
  unsupported: { [hostile]: 2 },
  failed: 0,
  verdict: 'conformant',
  judged: 5,
  of: 6,
  held: 0,
  worst: { ratio: 0.5, error: 1, bound: 2, output: 'y', index: [1, 0], got: 3, want: 2 },
  worstCase: 'relu/forward/1/2',
  rms: 0.25,
  covered: { classes: { met: 3, of: 4 }, extents: { first: { met: 1, of: 2 } } },
  groups: [],
  nonFinite: 'kept',
  seconds: 1.5,
}
const failure = {
  id: 'relu/backward/1/2@3',
  smallestId: 'relu/backward/1/2@3',
  smallest: {
    op: 'relu',
    direction: 'backward',
    seed: 's',
    form: { attrs: {}, shapes: { x: [2] }, fills: { x: { values: [-0, 2] }, dy: { constant: 1 } } },
  },
  judgement: {
    worst: { ratio: Infinity, error: 1, bound: 0, output: 'x', index: [1], got: 0.25, want: 1.25 },
    walks: [],
    judged: 2,
    of: 2,
    held: 0,
    looseness: 0,
    spread: { squares: 0, elements: 0 },
  },
} as const
const wrong: Line = {
  ...right,
  direction: 'backward',
  verdict: 'not-conformant',
  failed: 2,
  translates: [hostile],
  groups: [
    {
      traits: ['H = 4'],
      failed: 2,
      of: 3,
      failure,
      diagnosis: { kind: 'mistake', words: 'sign forgotten', line: { right: '-x', wrong: 'x' }, explains: 2 },
      snippet: `mine.relu() // ${hostile}\n`,
    },
    {
      traits: [],
      failed: 1,
      of: 3,
      failure: { ...failure, judgement: { ...failure.judgement, problem: hostile } },
    },
  ],
  failure,
}
const program: Program = {
  inputs: { x: [2] },
  nodes: [
    { name: 'r', op: 'relu', direction: 'forward', attrs: {}, inputs: { x: 'x' }, cotangents: {}, outputs: { y: 'y' } },
  ],
  outputs: ['y'],
  carry: {},
}
const failedProgram: ProgramLine = {
  program: 'two in a row',
  about: hostile,
  backend: hostile,
  cases: 2,
  refused: 0,
  failed: 1,
  verdict: 'not-conformant',
  judged: 2,
  of: 2,
  failure: { program, at: 'run 2', node: 'r', message: hostile },
}
const report: Report = {
  backend: hostile,
  fingerprint: { kind: hostile, maxBufferSize: 7 },
  rounding: 'nearest',
  seed: 1,
  profile: 'quick',
  lines: [
    right,
    wrong,
    { ...right, op: 'tanh', cases: 0, verdict: 'unsupported', unsupported: {}, refused: 0 },
    { ...wrong, op: 'tanh', direction: 'backward', expected: [{ reason: 'bug 7', expires: '2027-01-01' }] },
    { ...right, op: 'dense', unexpected: [{ reason: 'bug 8', expires: '2027-01-01' }] },
  ],
  programs: [failedProgram, { ...failedProgram, program: 'not its own', verdict: 'unsupported', unsupported: hostile }],
}
const told = written(report, 2.5, { replay: 'etalon replay --backend ./mine.js' })
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/u

describe('JUnit’s XML', () => {
  const xml = junitXml(told)

  test('has a test for each op and direction and for each program, counted as they are', () => {
    expect(xml).toMatch(/<testsuite name="etalon [^"]*" tests="7" failures="3" errors="0" time="2.500" skipped="3">/)
    expect([...xml.matchAll(/<testcase /g)]).toHaveLength(7)
    expect([...xml.matchAll(/<failure /g)]).toHaveLength(3)
    expect([...xml.matchAll(/<skipped /g)]).toHaveLength(3)
    expect(xml).toMatch(/name="relu backward" time="1.500">/)
  })

  test('a failure has the text of the report, a line that was not run its reason, a known failure the ledger’s', () => {
    expect(xml).toMatch(/<failure message="2 of 3 cases failed; [^"]*as by sign forgotten" type="not-conformant">/)
    expect(xml).toContain('x[1]: got 0.25, want 1.25')
    expect(xml).toContain('etalon replay --backend ./mine.js relu/backward/1/2@3')
    expect(xml).toContain('<skipped message="the backend does not have it"/>')
    expect(xml).toContain('<skipped message="known: bug 7 (until 2027-01-01)"/>')
    expect(xml).toMatch(/<failure message="it does not fail as the ledger of known failures says: bug 8/)
  })

  test('is read by a parser whatever the names are, and gives them back', () => {
    expect(xml).not.toMatch(controls)
    const parse = [
      'import sys, json, xml.etree.ElementTree as E',
      'suite = E.fromstring(sys.stdin.buffer.read())[0]',
      'print(json.dumps([suite.get("name"), [t.get("name") for t in suite.iter("testcase")], [f.text for f in suite.iter("failure")]]))',
    ].join('\n')
    const { stdout, stderr } = spawnSync('python3', ['-c', parse], { input: xml, encoding: 'utf8' })
    expect(stderr).toBe('')
    const [name, names, failures] = JSON.parse(stdout) as [string, readonly string[], readonly string[]]
    expect(name).toContain('<script>alert(1)</script> & "q" \'q\' ]]> `t` ``` | a | \\u0000\\u001b[31m')
    expect(names).toContain('two in a row')
    expect(failures[0]).toContain('mine.relu() // <script>')
  })

  test('has no element or attribute that the schema of Jenkins’ xUnit plugin has not', () => {
    const allowed: Readonly<Record<string, readonly string[]>> = {
      testsuites: ['name', 'time', 'tests', 'failures', 'errors'],
      testsuite: ['name', 'tests', 'failures', 'errors', 'time', 'skipped'],
      properties: [],
      property: ['name', 'value'],
      testcase: ['name', 'time', 'classname'],
      failure: ['type', 'message'],
      skipped: ['type', 'message'],
      'system-out': [],
    }
    for (const [, element = '', attributes = ''] of xml.matchAll(/<([a-z-]+)((?: [a-z]+="[^"]*")*)\/?>/g)) {
      expect(Object.keys(allowed)).toContain(element)
      for (const [, name] of attributes.matchAll(/ ([a-z]+)="/g)) expect(allowed[element]).toContain(name)
    }
    expect([...xml.matchAll(/ time="([^"]*)"/g)].every(([, time]) => /^\d+\.\d{3}$/.test(time!))).toBe(true)
  })
})

describe('GitHub’s annotations', () => {
  const lines = annotations(told)

  test('are a command a line, whatever a backend says', () => {
    expect(lines).toHaveLength(3)
    for (const line of lines) {
      expect(line).toMatch(/^::error title=[^:,]*::[^\r\n]*$/)
      expect(line).not.toMatch(controls)
    }
    expect(lines.join('\n')).toContain('%250A')
    expect(lines[0]).toContain('%0A    x[1]: got 0.25, want 1.25%0A')
  })

  test('of more than ten the last one names the rest', () => {
    const many = written({ ...report, lines: Array.from({ length: 12 }, () => wrong), programs: [] }, 1)
    const shown = annotations(many)
    expect(shown).toHaveLength(10)
    expect(shown[9]).toMatch(/^::error title=3 more::/)
  })

  test('of a right backend there are none', () => {
    expect(annotations(written({ ...report, lines: [right], programs: [] }, 1))).toEqual([])
  })
})

describe('the summary of a job', () => {
  const text = jobSummary(told)

  test('has every line in a table, failures with what replays them, and programs in fences that they do not end', () => {
    expect(text).toMatch(/^## ❌ /)
    expect(text).toContain('| relu backward | ❌ not-conformant | – | 2 of 3 failed |')
    expect(text).toContain('| tanh backward | ⚠️ not-conformant, known |')
    expect(text).toContain('etalon replay --backend ./mine.js relu/backward/1/2@3')
    expect(text).toMatch(/^````\nmine\.relu\(\) [^]*?\n````$/m)
  })

  test('nothing of a backend is Markdown or HTML outside of fences', () => {
    const outside = text.replace(/^(`{3,})[^`\n]*\n[^]*?\n\1$/gm, '')
    expect(outside).not.toMatch(/(?<!\\)<script/)
    expect(outside).not.toMatch(controls)
    const rows = outside.split('\n').filter((line) => line.startsWith('| ') && line.includes('relu'))
    expect(rows.map((line) => [...line.matchAll(/(?<!\\)\|/g)].length)).toEqual(rows.map(() => 10))
  })

  test('stays within a mebibyte, and says what it leaves out', () => {
    const big = { ...wrong, groups: [{ ...wrong.groups[0]!, snippet: 'ü'.repeat(100_000) }] }
    const many = jobSummary(written({ ...report, lines: Array.from({ length: 12 }, () => big) }, 1))
    const bytes = new TextEncoder().encode(many).length
    expect(bytes).toBeLessThanOrEqual(largestSummary)
    expect(bytes).toBeGreaterThan(largestSummary / 2)
    expect(many).toMatch(/\d more failures are left out/)
    expect(jobSummary(told, 200).length).toBeLessThanOrEqual(200)
  })
})

interface Element {
  readonly textContent: string
  readonly tagName: string
  querySelectorAll(selector: string): Iterable<Element>
}

describe('the page', () => {
  const page = reportPage(told)
  const { document } = (parseHTML as (html: string) => { readonly document: Element })(page)
  const all = (selector: string): readonly Element[] => [...document.querySelectorAll(selector)]

  test('needs nothing else: no script, no address', () => {
    expect(all('script')).toEqual([])
    expect(all('[src], link, iframe, [onerror], [onclick]')).toEqual([])
    expect(page).toContain("default-src 'none'")
    expect(page).not.toMatch(/https?:/)
    expect(page).not.toMatch(controls)
  })

  test('every element that is opened is closed, in order', () => {
    const open: string[] = []
    for (const [, end = '', name = '', empty = ''] of page.matchAll(
      /<(\/?)([a-z][a-z0-9]*)\b(?:[^<>"]|"[^"]*")*?(\/?)>/g,
    )) {
      if (['meta'].includes(name) || empty === '/') continue
      if (end === '') open.push(name)
      else expect(open.pop()).toBe(name)
    }
    expect(open).toEqual([])
  })

  test('has each line with its verdict, and a dot for each worst error', () => {
    const rows = all('#lines tbody tr').map(({ textContent }) => textContent)
    expect(rows).toHaveLength(5)
    expect(rows.find((row) => /relu.?backward/.test(row))).toMatch(/not conformant/)
    expect(all('#errors title').map(({ textContent }) => textContent)).toContain(
      'relu forward: worst 0.5, rms 0.25 of the bound',
    )
  })

  test('tells of a failure the case, the numbers, the diagnosis, the reason, the device, the replay and the snippet', () => {
    const [first] = all('#failures article')
    const text = first!.textContent
    const order = [
      'H = 4',
      'between it and the library',
      'kink="catalogue"',
      'x[2] = -0 2',
      '0.25',
      '1.25',
      'a mistake',
      'the formula has',
      'why this bound',
      'nothing in it rounds',
      '\\max(0, x)',
      'device',
      'etalon replay --backend ./mine.js',
      'mine.relu() // <script>alert(1)</script>',
    ].map((part) => text.indexOf(part))
    expect(order).not.toContain(-1)
    expect(order).toEqual(order.toSorted((a, b) => a - b))
  })

  test('has programs, coverage, and the reasons of cases that are not its own', () => {
    expect(all('#programs tbody tr')).toHaveLength(2)
    expect(all('#programs article')[0]?.textContent).toContain('relu(x: x)')
    expect(all('#coverage tbody tr').length).toBeGreaterThan(1)
    expect(all('#reasons tbody tr').length).toBeGreaterThan(0)
  })

  test('a report of nothing is a page, too', () => {
    const empty = reportPage(written({ ...report, lines: [], programs: [] }, 0))
    expect(empty).toContain('no verdict')
    expect(empty).not.toContain('id="errors"')
  })
})
